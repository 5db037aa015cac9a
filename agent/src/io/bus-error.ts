/** D-Bus errors as ours: a code of the table, what is known of the call's fate, and the next step. */
import { type ErrorCode, HecateError } from '@hecate/proto/core/errors.ts';
import type { Delivery, SystemdFailure } from '../core/systemd-port.ts';

/** A call to the bus that failed. */
export class BusError extends HecateError implements SystemdFailure {
  readonly delivery: Delivery;
  readonly busErrorName: string;

  constructor(
    code: ErrorCode,
    message: string,
    options: { delivery: Delivery; remedy?: string; busErrorName?: string; cause?: unknown },
  ) {
    super(code, message, options.remedy ?? '', options.cause);
    this.name = 'BusError';
    this.delivery = options.delivery;
    this.busErrorName = options.busErrorName ?? '';
  }
}

const unitRemedy = 'hecatectl list-units and list-unit-files show the names that exist';
const maskedRemedy = 'hecatectl unmask NODE UNIT first, if it may run';
const rightsRemedy =
  'the agent needs the rights of root (or a polkit rule) on the system bus; see its unit hecate-agent.service';
const activeRemedy = 'hecatectl status NODE UNIT shows what it is doing';

/** Name of a D-Bus error → code, remedy, and whether the error means "it was not applied". */
const known: Record<string, readonly [code: ErrorCode, remedy: string, delivery?: Delivery]> = {
  'org.freedesktop.systemd1.NoSuchUnit': ['HEC_NO_SUCH_UNIT', unitRemedy],
  'org.freedesktop.systemd1.LoadFailed': ['HEC_NO_SUCH_UNIT', unitRemedy],
  'org.freedesktop.DBus.Error.FileNotFound': ['HEC_NO_SUCH_UNIT', unitRemedy],
  'org.freedesktop.systemd1.UnitMasked': ['HEC_BUS_ERROR', maskedRemedy],
  'org.freedesktop.systemd1.OnlyByDependency': ['HEC_BUS_ERROR', activeRemedy],
  'org.freedesktop.DBus.Error.InvalidArgs': ['HEC_BAD_NAME', unitRemedy],
  'org.freedesktop.DBus.Error.AccessDenied': ['HEC_BUS_ERROR', rightsRemedy],
  'org.freedesktop.DBus.Error.AuthFailed': ['HEC_BUS_ERROR', rightsRemedy],
  'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired': ['HEC_BUS_ERROR', rightsRemedy],
  'org.freedesktop.DBus.Error.LimitsExceeded': ['HEC_BUSY', 'wait for running operations to end, then again'],
  'org.freedesktop.DBus.Error.UnknownMethod': ['HEC_UNSUPPORTED', 'the systemd of the node is too old'],
  'org.freedesktop.DBus.Error.NotSupported': ['HEC_UNSUPPORTED', ''],
  'org.freedesktop.DBus.Error.ServiceUnknown': ['HEC_BUS_GONE', 'systemd is not on the bus: try again'],
  'org.freedesktop.DBus.Error.NameHasNoOwner': ['HEC_BUS_GONE', 'systemd is not on the bus: try again'],
  // The bus made these up: the call had left, and whether it was carried out is not known.
  'org.freedesktop.DBus.Error.NoReply': ['HEC_BUS_GONE', 'ask for the state of the unit', 'unknown'],
  'org.freedesktop.DBus.Error.Disconnected': ['HEC_BUS_GONE', 'ask for the state of the unit', 'unknown'],
  'org.freedesktop.DBus.Error.Timeout': ['HEC_TIMEOUT', 'ask for the state of the unit', 'unknown'],
  'org.freedesktop.DBus.Error.TimedOut': ['HEC_TIMEOUT', 'ask for the state of the unit', 'unknown'],
};

/** The error of an error reply. `what` names the call, e.g. `StartUnit("web.service")`. */
export function errorOfReply(busErrorName: string, text: string, what: string): BusError {
  const [code, remedy, delivery] = known[busErrorName] ?? ['HEC_BUS_ERROR', ''];
  const cause = new Error(`${busErrorName}: ${text}`);
  const said = text || busErrorName;
  return new BusError(code, `${what}: ${said}`, {
    delivery: delivery ?? 'refused',
    remedy,
    busErrorName,
    cause,
  });
}
