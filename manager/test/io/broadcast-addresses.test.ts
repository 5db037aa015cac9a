import type { NetworkInterfaceInfo } from 'node:os';
import t from 'tap';
import { broadcastAddresses } from '../../src/io/broadcast-addresses.ts';

const ipv4 = (address: string, netmask: string, internal = false): NetworkInterfaceInfo => ({
  address,
  netmask,
  family: 'IPv4',
  mac: '02:00:00:00:00:01',
  internal,
  cidr: null,
});
const ipv6: NetworkInterfaceInfo = {
  address: 'fe80::1',
  netmask: 'ffff:ffff:ffff:ffff::',
  family: 'IPv6',
  mac: '02:00:00:00:00:01',
  internal: false,
  cidr: null,
  scopeid: 2,
};

t.test('of every IPv4 network of the host, once', async (t) => {
  const found = broadcastAddresses({
    lo: [ipv4('127.0.0.1', '255.0.0.0', true)],
    eth0: [ipv4('192.168.1.20', '255.255.255.0'), ipv6, ipv4('192.168.1.21', '255.255.255.0')],
    eth1: [ipv4('10.1.2.3', '255.255.240.0')],
    eth2: undefined,
  });
  t.strictSame(found, ['192.168.1.255', '10.1.15.255']);
});

t.test('of a link of two hosts there is none', async (t) => {
  const found = broadcastAddresses({
    wg0: [ipv4('10.9.0.1', '255.255.255.255')],
    ppp0: [ipv4('10.9.1.1', '255.255.255.254')],
    small: [ipv4('10.9.2.1', '255.255.255.252')],
  });
  t.strictSame(found, ['10.9.2.3']);
});

t.test('of this host, whatever it has', async (t) => {
  for (const address of broadcastAddresses()) t.match(address, /^\d+\.\d+\.\d+\.\d+$/);
});
