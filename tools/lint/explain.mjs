/**
 * A rule of somebody else with our reason and the way out behind each of its messages: a ban without an alternative
 * is a fight (house rule R7).
 */
export function explained(rule, reason) {
  const messages = Object.entries(rule.meta.messages).map(([id, text]) => [
    id,
    `${text.replace(/\.$/, '')}. ${reason}`,
  ]);
  return { ...rule, meta: { ...rule.meta, messages: Object.fromEntries(messages) } };
}

/** A rule with one message that looks at every module a file names, by static, dynamic or type import. */
export function importRule(message, isForbidden) {
  return {
    meta: { type: 'problem', schema: [], messages: { forbidden: `"{{specifier}}": ${message}` } },
    create(context) {
      const check = (node) => {
        const specifier = node?.value;
        if (typeof specifier === 'string' && isForbidden(specifier, context.filename)) {
          context.report({ node, messageId: 'forbidden', data: { specifier } });
        }
      };
      return {
        ImportDeclaration: (node) => check(node.source),
        ImportExpression: (node) => check(node.source),
        ExportAllDeclaration: (node) => check(node.source),
        ExportNamedDeclaration: (node) => check(node.source),
        TSImportType: (node) => check(node.source),
      };
    },
  };
}

/** A rule with one message that reports the nodes the given selectors match. */
export function syntaxRule(message, selectors) {
  return {
    meta: { type: 'problem', schema: [], messages: { forbidden: message } },
    create: (context) =>
      Object.fromEntries(
        selectors.map((selector) => [selector, (node) => context.report({ node, messageId: 'forbidden' })]),
      ),
  };
}
