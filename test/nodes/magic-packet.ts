import { siteBroadcastAddress } from './site-network.ts';

/** How to send a magic packet; `ethernet` frames need more than a socket, so it is always UDP here. */
export interface MagicPacketOptions {
  /** Default: all hosts of the site. */
  host?: string;
  /** Default 9, the port that most senders use. */
  port?: number;
  /** Bytes before and after the pattern: a card finds it anywhere. */
  padding?: number;
}

const sender = `
const [mac, host, port, padding] = process.argv.slice(1);
const pad = Buffer.alloc(Number(padding));
const address = Buffer.from(mac.replaceAll(':', ''), 'hex');
const packet = Buffer.concat([pad, Buffer.alloc(6, 255), ...Array(16).fill(address), pad]);
const socket = require('node:dgram').createSocket('udp4');
socket.bind(() => {
  socket.setBroadcast(true);
  socket.send(packet, Number(port), host, (error) => { if (error) throw error; socket.close(); });
});`;

/** The command that sends a magic packet from where it is run: on a node, or in the site's network. */
export function magicPacketCommand(macAddress: string, options: MagicPacketOptions = {}): string[] {
  const { host = siteBroadcastAddress, port = 9, padding = 0 } = options;
  return ['node', '-e', sender, macAddress, host, String(port), String(padding)];
}
