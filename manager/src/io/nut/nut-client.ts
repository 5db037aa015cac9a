/**
 * What Hecate knows of NUT, without a library: the one on npm shares a parse buffer among its connections. A watcher
 * and a control for each UPS, on connections of their own.
 */
export { defaultNutPort, type NutAddress, parseNutAddress } from '../../core/power/nut/nut-address.ts';
export type { NutErrorCode } from '../../core/power/nut/nut-error.ts';
export { NutRefusal } from '../../core/power/nut/nut-error.ts';
export type { NutServer, NutTls } from './nut-server.ts';
export {
  type CommandOutcome,
  createUpsControl,
  type NutCredentials,
  type UpsControl,
  type UpsControlOptions,
} from './ups-control.ts';
export { readUpsOffer } from './ups-offer.ts';
export { createUpsWatcher, type UpsWatcher, type UpsWatcherOptions } from './ups-watcher.ts';
