export { CertificateAuthority, type Issued, renewalDue, type TlsRequest } from './certificate-authority.ts';
export { loadAuthority } from './load-authority.ts';
export { createCsr } from './csr.ts';
export { mintServiceIdentities, type MintOptions, type ServiceToMint } from './mint-service-identities.ts';
export { expectPeer, type Peer, peerOf } from './names.ts';
export {
  loadIdentity,
  loadTlsIdentity,
  mutualTls,
  saveTlsIdentity,
  type ServiceIdentity,
  type Signer,
  type TlsIdentity,
  tlsIdentity,
} from './service-identity.ts';
export {
  RecordSigner,
  type RecordHeaders,
  RecordVerifier,
  SIGNATURE_HEADER,
  type SignatureHeaders,
  type SignedRecord,
  SIGNER_HEADER,
} from './record-signature.ts';
export {
  type AccessClaims,
  type AccessGrant,
  AccessTokens,
  AccessTokenVerifier,
  verifyAccessToken,
} from './access-token.ts';
export { TrustAnchor, type TrustedSigner } from './trust-anchor.ts';
