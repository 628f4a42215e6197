export { startInfrastructure as default } from './infrastructure.mjs';
