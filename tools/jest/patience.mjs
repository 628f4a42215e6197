import { jest } from '@jest/globals';

/** Tests on real servers share a machine with each other: a limit that only a hang reaches. */
jest.setTimeout(60_000);
