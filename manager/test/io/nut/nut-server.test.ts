import t from 'tap';
import { nameOfServer, tlsOptionsOf } from '../../../src/io/nut/nut-server.ts';

const at = (host: string, tls: Parameters<typeof tlsOptionsOf>[0]['tls'] = { mode: 'off' }) => ({
  host,
  port: 3493,
  tls,
});

t.equal(nameOfServer(at('ups.example')), 'ups.example:3493');
t.equal(nameOfServer(at('192.0.2.7')), '192.0.2.7:3493');
t.equal(nameOfServer(at('2001:db8::7')), '[2001:db8::7]:3493');

t.equal(tlsOptionsOf(at('ups.example', { mode: 'required' })).servername, 'ups.example');
t.equal(tlsOptionsOf(at('192.0.2.7', { mode: 'required' })).servername, '', 'an address is no server name');
t.equal(tlsOptionsOf(at('192.0.2.7', { mode: 'required', serverName: 'ups' })).servername, 'ups');
t.equal(tlsOptionsOf(at('ups', { mode: 'required' })).rejectUnauthorized, true);
t.equal(tlsOptionsOf(at('ups', { mode: 'optional' })).rejectUnauthorized, false, 'nothing to check it with');
t.throws(() => tlsOptionsOf(at('ups', { mode: 'required', authorityFile: '/nowhere.pem' })), {
  code: 'HEC_CONFIG',
});
