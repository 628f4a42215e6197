import { z } from 'zod';

/** Named schemas become components of the OpenAPI document. Answers are described as they leave ... */
export const answers = z.registry<{ id: string; description?: string }>();

/** ... and requests as they arrive. */
export const requests = z.registry<{ id: string; description?: string }>();
