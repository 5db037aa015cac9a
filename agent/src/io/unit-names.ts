/** What systemd calls a unit, for the policy. */
import { asHecateError, type ErrorCode } from '@hecate/proto/core/errors.ts';
import type { UnitNamesAnswer } from '../core/policy-decision.ts';
import type { SystemdPort } from '../core/systemd-port.ts';

/** With these systemd answered that there is no unit to be had; any other failure leaves the names unknown (I12). */
const noSuchUnit: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['HEC_NO_SUCH_UNIT', 'HEC_BAD_NAME']);

/** Loads the unit if need be, which resolves its aliases. Never rejects. */
export async function askUnitNames(systemd: SystemdPort | undefined, unit: string): Promise<UnitNamesAnswer> {
  if (!systemd) return busGone;
  try {
    const [id, names] = await Promise.all([
      systemd.unitProperty(unit, 'Unit', 'Id'),
      systemd.unitProperty(unit, 'Unit', 'Names'),
    ]);
    const others = Array.isArray(names.value) ? names.value.map(String) : [];
    return { case: 'known', unitNames: { id: String(id.value), names: [unit, ...others] } };
  } catch (thrown) {
    const { code, message, remedy } = asHecateError(thrown);
    if (noSuchUnit.has(code)) return { case: 'known', unitNames: undefined };
    return { case: 'failed', code, message: `the policy needs the names of ${unit}: ${message}`, remedy };
  }
}

const busGone: UnitNamesAnswer = {
  case: 'failed',
  code: 'HEC_BUS_GONE',
  message: 'the agent has no connection to its D-Bus',
  remedy: 'hecatectl doctor NODE',
};
