import type { NodeName } from '@hecate/proto/core/names.ts';

/** A unit of a node, as one text. */
export const unitKey = (node: NodeName, unit: string): string => `${node} ${unit}`;
