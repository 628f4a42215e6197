import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

type CryptoKey = webcrypto.CryptoKey;

x509.cryptoProvider.set(webcrypto);

export const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
export const ED25519 = { name: 'Ed25519' } as const;

/** id-kp-documentSigning (RFC 9336): a TLS stack refuses such a certificate for a connection, in either role. */
const DOCUMENT_SIGNING = '1.3.6.1.5.5.7.3.36';

export interface KeyPair {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

export async function generateKeys(algorithm: typeof P256 | typeof ED25519): Promise<KeyPair> {
  return (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as KeyPair;
}

export async function keyPem(key: CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

export async function importP256Key(pem: string): Promise<CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), P256, true, ['sign']);
}

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface Authority {
  readonly subject: x509.JsonName;
  readonly uri: string;
}

export async function issueAuthority(authority: Authority, keys: KeyPair, validity: Validity): Promise<string> {
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: authority.subject,
    keys,
    signingAlgorithm: P256,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: authority.uri }]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

export interface Leaf {
  readonly use: 'tls' | 'signing';
  readonly subject: x509.JsonName;
  readonly uri: string;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly publicKey: CryptoKey | x509.PublicKey;
}

export async function issueLeaf(leaf: Leaf, caPem: string, caKey: CryptoKey, validity: Validity): Promise<string> {
  const ca = new x509.X509Certificate(caPem);
  const usages: x509.ExtendedKeyUsageType[] =
    leaf.use === 'tls' ? [x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth] : [DOCUMENT_SIGNING];
  const names: x509.JsonGeneralName[] = [
    { type: 'url', value: leaf.uri },
    ...(leaf.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(leaf.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: leaf.subject,
    issuer: ca.subjectName.toJSON(),
    publicKey: leaf.publicKey,
    signingKey: caKey,
    signingAlgorithm: P256,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(usages, true),
      new x509.SubjectAlternativeNameExtension(names),
      await x509.AuthorityKeyIdentifierExtension.create(ca.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(leaf.publicKey),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

/** 16 random octets, positive and without a leading zero octet, as RFC 5280 (4.1.2.2) wants them. */
function serialNumber(): string {
  const octets = randomBytes(16);
  octets[0] = (octets[0]! & 0x3f) | 0x40;
  return octets.toString('hex');
}

/** The public key of a certificate request, if its signature proves that the asker holds the private key. */
export async function provenKeyOf(csrPem: string): Promise<x509.PublicKey | undefined> {
  const request = new x509.Pkcs10CertificateRequest(csrPem);
  return (await request.verify()) ? request.publicKey : undefined;
}

export async function requestFor(subject: x509.JsonName, keys: KeyPair): Promise<string> {
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ name: subject, keys, signingAlgorithm: P256 });
  return `${request.toString('pem')}\n`;
}
