/** Wake-on-LAN: magic packets by UDP broadcast. Nobody answers them: whether a host wakes is for a gate to see. */
import { createSocket } from 'node:dgram';
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { WakeTarget } from '../core/plan/plan.ts';
import { broadcastAddresses, limitedBroadcast } from './broadcast-addresses.ts';

/** The discard service: where network cards and wake-up programs expect the packet. */
const wakePort = 9;
/** A datagram may be lost, and a card that is just going to sleep may miss one. */
const packetsPerTarget = 3;

type PacketTarget = Required<Pick<WakeTarget, 'node' | 'macAddress' | 'wakeAddress'>>;

/** Those that a magic packet can wake. */
export const packetTargets = (targets: readonly WakeTarget[]): PacketTarget[] =>
  targets.flatMap(({ node, macAddress, wakeAddress }) =>
    macAddress === undefined ? [] : [{ node, macAddress, wakeAddress }],
  );

/** Six bytes of ones, then the address sixteen times. @throws HEC_CONFIG */
export function magicPacket(macAddress: string): Buffer {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(macAddress)) {
    throw new HecateError(
      'HEC_CONFIG',
      `${JSON.stringify(macAddress)} is not a MAC address: expected six pairs of hex digits with colons`,
      'see mac_address in the inventory of hecate.yaml',
    );
  }
  const address = Buffer.from(macAddress.replaceAll(':', ''), 'hex');
  return Buffer.concat([Buffer.alloc(6, 0xff), ...Array.from({ length: 16 }, () => address)]);
}

/**
 * Sends the packets for all targets; resolves when the kernel has taken them.
 * @returns a sentence for each target whose packets could not be sent
 */
export async function wake(targets: readonly PacketTarget[], port: number = wakePort): Promise<string[]> {
  const socket = createSocket('udp4');
  // Errors come to the callbacks of send(); without a listener they would end the process.
  socket.on('error', () => undefined);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, () => resolve());
    });
    socket.setBroadcast(true);
    const failures = await Promise.all(
      targets.map(({ node, macAddress, wakeAddress }) =>
        wakeOne(macAddress, wakeAddress, (packet, address) => send(socket, packet, port, address)).then(
          () => undefined,
          (error: Error) => `${node} could not be sent a magic packet: ${error.message}`,
        ),
      ),
    );
    return failures.filter((failure) => failure !== undefined);
  } catch (error) {
    return [`no magic packet can be sent: ${error instanceof Error ? error.message : String(error)}`];
  } finally {
    socket.close();
  }
}

type Put = (packet: Buffer, address: string) => Promise<void>;

/** @throws Error of the first address when the packet could be sent to none */
async function wakeOne(macAddress: string, wakeAddress: string, put: Put): Promise<void> {
  const packet = magicPacket(macAddress);
  const isDeclared = wakeAddress !== limitedBroadcast;
  const addresses = isDeclared ? [wakeAddress] : [wakeAddress, ...broadcastAddresses()];
  for (let count = 0; count < packetsPerTarget; count += 1) {
    const results = await Promise.allSettled(addresses.map((address) => put(packet, address)));
    const [first] = results;
    if (first?.status === 'rejected' && results.every(({ status }) => status === 'rejected'))
      throw first.reason;
  }
}

function send(
  socket: ReturnType<typeof createSocket>,
  packet: Buffer,
  port: number,
  address: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(packet, port, address, (error) => (error ? reject(error) : resolve()));
  });
}
