import type { NodeName } from '@hecate/proto/core/names.ts';
import type { PlannedOperation } from '../core/plan/plan.ts';

/** A unit of a node, as one text. */
export const unitKey = (node: NodeName, unit: string): string => `${node} ${unit}`;

/** An operation as a policy sees it, as one text. */
export const operationKey = ({ node, verb, unit, options }: PlannedOperation): string =>
  `${verb} ${options?.jobMode ?? ''} ${unitKey(node, unit)}`;
