/** How a package is packed, whatever its format. */
export interface PackOptions {
  /** The repository. */
  readonly root: string;
  /** Where the package is written. */
  readonly output: string;
  /** A folder of this package alone. */
  readonly scratch: string;
  /** Packed fast and large, for tests. */
  readonly isQuick: boolean;
}
