import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One program to bundle. */
export interface Program {
  /** Name of the command, and of the bundle: dist/NAME.mjs. */
  readonly name: string;
  /** Its source, relative to the repository. */
  readonly entry: string;
  /** Packages that stay outside: optional ones that are caught when they are missing. */
  readonly external: readonly string[];
  /**
   * 'cjs' for a program whose start-up counts: Node's loader for ES modules, and its view of built-in modules
   * as ES modules, cost 25 ms. One file dist/NAME.cjs then, which may not await at its top level.
   */
  readonly format: 'esm' | 'cjs';
  /** Packages replaced by a file of ours, relative to the repository. */
  readonly alias: Readonly<Record<string, string>>;
  /** Code after the bundle. */
  readonly footer: string;
}

/** dbus-next asks for x11 (session buses without an address) and usocket (passing descriptors); neither is used. */
const defaultExternal = ['x11', 'usocket'];

/** What a package may say in its build.json. */
interface BuildDescription {
  readonly entry?: string;
  readonly external?: readonly string[];
  readonly format?: 'esm' | 'cjs';
  readonly alias?: Readonly<Record<string, string>>;
  readonly footer?: string;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** @returns undefined while the package has no program yet */
export function readProgram(root: string, folder: string): Program | undefined {
  const manifest = readJson(join(root, folder, 'package.json')) as { bin: Record<string, string> };
  const [name] = Object.keys(manifest.bin);
  const described = join(root, folder, 'build.json');
  const description = existsSync(described) ? (readJson(described) as BuildDescription) : {};
  const entry = join(folder, description.entry ?? 'src/main.ts');
  if (!name || !existsSync(join(root, entry))) return undefined;
  return {
    name,
    entry,
    external: description.external ?? defaultExternal,
    format: description.format ?? 'esm',
    alias: Object.fromEntries(
      Object.entries(description.alias ?? {}).map(([name, file]) => [name, join(root, folder, file)]),
    ),
    footer: description.footer ?? '',
  };
}
