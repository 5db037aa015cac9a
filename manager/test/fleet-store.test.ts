import { parseNodeName } from '@hecate/proto/core/names.ts';
import { createMonitorEvent, type MonitorEvent } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { unitsPerNodeMax } from '../src/core/fleet.ts';
import { FleetStore } from '../src/fleet-store.ts';
import { connected, disconnected, notice, snapshot, unit } from './support/fleet-fixtures.ts';

t.test('watchers see events and changes until they stop', async (t) => {
  const fleet = new FleetStore();
  const events: MonitorEvent[] = [];
  const changed: (string | undefined)[] = [];
  const stop = fleet.watch({
    onEvent: (event) => events.push(event),
    onChange: (node) => changed.push(node),
  });
  fleet.watch({});
  fleet.apply(connected('node-a'));
  fleet.apply(notice('node-a', snapshot([unit('web.service')])));
  t.match(events, [{ node: 'node-a', event: { case: 'connection', value: 'online' } }]);
  fleet.apply({ type: 'allowed', names: [parseNodeName('node-a')] });
  t.same(changed, ['node-a', 'node-a', undefined], 'also of a step without news');
  fleet.publish(createMonitorEvent({ node: 'node-b' }));
  t.equal(events.length, 2);
  t.equal(changed.length, 3);
  stop();
  stop();
  fleet.apply(disconnected('node-a'));
  t.equal(events.length, 2);
  t.equal(fleet.state.nodes.get('node-a')?.connection, 'offline');
});

t.test('a watcher may stop, and another begin, while they are told', async (t) => {
  const fleet = new FleetStore();
  const told: string[] = [];
  const stop = fleet.watch({
    onChange: () => {
      told.push('first');
      stop();
      if (told.length < 3) fleet.watch({ onChange: () => told.push('second') });
    },
  });
  fleet.apply(connected('node-a'));
  fleet.apply(disconnected('node-a'));
  t.same(told.filter((each) => each === 'first').length, 1);
  t.ok(told.includes('second'));
});

t.test('sessions that must end', async (t) => {
  const fleet = new FleetStore();
  const ended: string[] = [];
  fleet.replaceSession = (sessionId) => {
    ended.push(`replaced ${sessionId}`);
    // As the desk does it: the end of the old one is told at once.
    fleet.apply(disconnected('node-a', sessionId));
  };
  fleet.endSession = (sessionId, message) => ended.push(`${sessionId}: ${message}`);
  fleet.apply(connected('node-a'));
  fleet.apply(connected('node-a', 'newer'));
  t.same(ended, ['replaced session-of-node-a']);
  t.match(fleet.state.nodes.get('node-a'), { connection: 'online', sessionId: 'newer' });
  const many = Array.from({ length: unitsPerNodeMax + 1 }, (_, i) => unit(`u${i}.service`));
  fleet.apply(notice('node-a', snapshot(many), 'newer'));
  t.match(ended[1], /^newer: node-a has more than/);
});
