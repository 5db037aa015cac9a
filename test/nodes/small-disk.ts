import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';

/** A file system that only one folder of a node is on, so that it can be full. It outlives a power-off. */
export interface SmallDisk {
  /** Where the node mounts it. */
  readonly path: string;
  readonly sizeMiB: number;
}

/**
 * Makes the image and the mount point that booted-node-init.sh expects. Small blocks and none kept back for root: when
 * it is full, it is full for everybody, to the last kilobyte of a file.
 * @throws Error when there is no mkfs.ext4, which is on every Debian.
 */
export function makeSmallDisk(stateFolder: string, { sizeMiB }: SmallDisk): void {
  const image = join(stateFolder, 'small-disk.img');
  const descriptor = openSync(image, 'wx', 0o600);
  ftruncateSync(descriptor, sizeMiB * 1024 * 1024);
  closeSync(descriptor);
  mkdirSync(join(stateFolder, 'small-disk'));
  const path = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;
  execFileSync('mkfs.ext4', ['-q', '-b', '1024', '-m', '0', image], { env: { PATH: path } });
}
