/** What a package is made of, whichever its format. */

export interface PackageFile {
  /** Where it is installed: an absolute path. */
  readonly target: string;
  readonly source:
    | { readonly contents: Uint8Array | string }
    /** A file of this machine, copied. */
    | { readonly path: string }
    /** A symbolic link to this text. */
    | { readonly link: string };
  /** Permissions; 0644 when not given. */
  readonly mode?: number;
  /** An edited one is never overwritten: a conffile, %config(noreplace). */
  readonly isConfig?: boolean;
}

/** Part of a package that others made. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** As it is named by itself: an SPDX expression, mostly. */
  readonly licence: string;
  /** The whole text, as the licence demands that it goes along. */
  readonly licenceText: string;
  /** A package URL (purl). */
  readonly url: string;
}

/** One of the packages, without anything of a format. */
export interface PackageContents {
  readonly name: string;
  readonly summary: string;
  /** Lines of at most 79 characters; '' between paragraphs. */
  readonly description: readonly string[];
  /** 'host': holds machine code. */
  readonly architecture: 'host' | 'all';
  /** Others of ours that must be there in the same release. */
  readonly needs: readonly string[];
  readonly debian: FormatFields;
  readonly rpm: FormatFields;
  readonly files: readonly PackageFile[];
  readonly components: readonly Component[];
}

export interface FormatFields {
  /** Packages of the distribution. */
  readonly depends: readonly string[];
  readonly suggests: readonly string[];
}
