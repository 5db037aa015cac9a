/** `inventory` and `hooks` as the file has them → Inventory, sorted by name whatever their order was (I13). */
import type { Hook, Inventory, InventoryNode, Place } from '../core/plan/inventory.ts';
import { byName, sortedNames } from '../core/plan/select-nodes.ts';
import type { ConfigFile } from './config-schema.ts';
import { formatKeyPath, type KeyPath } from './finding.ts';
import type { YamlSource } from './yaml-source.ts';

/** Where a key is, as plans remember it. */
export const placeAt = (source: YamlSource, path: KeyPath): Place => ({
  key: formatKeyPath(path),
  line: source.placeOf(path).line,
});

function nodeOf(file: ConfigFile['inventory'][number], place: Place): InventoryNode {
  return {
    name: file.name,
    role: file.role,
    dependsOn: sortedNames(file.depends_on),
    units: file.units ?? [],
    macAddress: file.mac_address,
    wakeAddress: file.wake_address,
    ...(file.wake_command === undefined ? {} : { wakeCommand: file.wake_command }),
    address: file.address,
    probePort: file.probe_port,
    ...(file.feeds === undefined ? {} : { feeds: file.feeds }),
    ...(file.min_feeds === 1 ? {} : { minFeeds: file.min_feeds }),
    place,
  };
}

export function readInventory(file: ConfigFile, source: YamlSource): Inventory {
  const nodes = file.inventory.map((node, index) => nodeOf(node, placeAt(source, ['inventory', index])));
  const hooks = Object.entries(file.hooks).map(
    ([name, { command, repeatable }]): Hook => ({
      name,
      argv: command,
      isRepeatable: repeatable,
      place: placeAt(source, ['hooks', name]),
    }),
  );
  return {
    site: file.site,
    coordinator: nodes.find(({ role }) => role === 'coordinator')?.name,
    nodes: nodes.sort(byName),
    hooks: hooks.sort(byName),
  };
}
