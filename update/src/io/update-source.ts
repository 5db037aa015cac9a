/** Where packages come from. Whatever a source gives has been verified. */
import type { OfferedPackage } from '../core/release-sums.ts';

export interface UpdateSource {
  /** @throws HEC_POLICY when a signature is not good, HEC_CONFIG, HEC_STATE */
  offered(): Promise<readonly OfferedPackage[]>;
  /** Brings the package into the folder. @returns its path there. @throws HEC_STATE when it is not what was signed */
  fetch(offered: OfferedPackage, folder: string): Promise<string>;
}
