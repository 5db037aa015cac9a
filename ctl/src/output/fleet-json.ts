/** The stable forms of nodes and units under `-o json`. */
import type { Failure, NodeInfo, UnitState } from '@hecate/proto/generated/wire.ts';
import { orNull, timeOrNull } from './outcome-json.ts';

/** ctl/schema/nodes.json */
export const nodeJson = (node: NodeInfo): Record<string, unknown> => ({
  node: node.name,
  connection: node.connection,
  last_seen: timeOrNull(node.lastSeenMs),
  offline_reason: orNull(node.offlineReason),
  address: orNull(node.address),
  agent_version: orNull(node.agentVersion),
  boot_id: orNull(node.bootId),
  units: node.unitsCount,
  units_failed: node.unitsFailed,
  is_bus_connected: node.busConnected,
  is_complete: node.snapshotComplete,
  clock_offset_ms: node.clockOffsetMs,
  certificate_not_after: timeOrNull(node.certificateNotAfterMs),
});

/** ctl/schema/units.json. Of a node that is not heard, every state is "unknown" (I12). */
export const unitJson = (node: string, unit: UnitState, isStale: boolean): Record<string, unknown> => ({
  node,
  unit: unit.name,
  load_state: unit.loadState,
  active_state: isStale ? 'unknown' : unit.activeState,
  sub_state: isStale ? 'unknown' : unit.subState,
  description: unit.description,
  job: unit.jobId === 0 ? null : { id: unit.jobId, type: unit.jobType },
  is_stale: isStale,
});

export const failureJson = (failure: Failure): Record<string, unknown> => ({
  code: failure.code,
  message: failure.message,
  remedy: orNull(failure.remedy),
});
