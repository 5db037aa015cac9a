import fc from 'fast-check';
import t from 'tap';
import { readVariables } from '../../../../src/core/power/nut/nut-reading.ts';
import type { RejectedValue } from '../../../../src/core/power/ups/ups-sample.ts';

const read = (variables: Record<string, string>) => readVariables(new Map(Object.entries(variables)));

t.test('all that a good UPS tells', async (t) => {
  const { reading, rejected } = read({
    'battery.charge': '98.5',
    'battery.charge.low': '10',
    'battery.runtime': '1230.5',
    'battery.voltage': '27.1',
    'device.mfr': 'EATON',
    'device.model': 'Ellipse PRO 1600',
    'device.serial': ' G1234 ',
    'device.type': 'ups',
    'driver.parameter.pollfreq': '30',
    'input.voltage': '231.0',
    'ups.firmware': '02.08',
    'ups.load': '23',
    'ups.mfr': 'not this one',
    'ups.status': 'OL CHRG',
    'some.new.variable': 'whatever',
  });
  t.same(rejected, []);
  t.same(reading, {
    flags: ['OL', 'CHRG'],
    runtimeMs: 1_230_500,
    chargePercent: 98.5,
    lowChargePercent: 10,
    loadPercent: 23,
    inputVoltage: 231,
    batteryVoltage: 27.1,
    refreshIntervalMs: 30_000,
    device: {
      manufacturer: 'EATON',
      model: 'Ellipse PRO 1600',
      serial: 'G1234',
      firmware: '02.08',
      type: 'ups',
    },
  });
});

t.test('what is not told is not there, and is not rejected', async (t) => {
  const { reading, rejected } = read({ 'ups.mfr': 'Acme', 'ups.model': '' });
  t.same(rejected, []);
  t.same(reading.flags, []);
  t.same(reading.device, { manufacturer: 'Acme' });
  for (const field of ['runtimeMs', 'chargePercent', 'loadPercent', 'refreshIntervalMs'] as const) {
    t.equal(reading[field], undefined, field);
  }
});

t.test('the runtimes that devices have been seen to tell', async (t) => {
  const table: [string, number | RejectedValue['reason']][] = [
    ['00687', 687_000],
    ['1200', 1_200_000],
    ['65534', 65_534_000],
    [' 1:57', 'not-a-number'],
    ['36:00', 'not-a-number'],
    ['64:41', 'not-a-number'],
    ['96840', 96_840_000],
    ['-60.0', 'out-of-range'],
    ['65535', 'known-nonsense'],
    ['3932100', 'known-nonsense'],
    ['4294967295', 'known-nonsense'],
    ['700000', 'out-of-range'],
    ['0', 'known-nonsense'],
    ['0.00', 'known-nonsense'],
    ['00000', 'known-nonsense'],
    ['', 'empty'],
  ];
  for (const [text, expected] of table) {
    const { reading, rejected } = read({
      'ups.status': 'OB',
      'battery.charge': '80',
      'battery.runtime': text,
    });
    const isValue = typeof expected === 'number';
    t.equal(reading.runtimeMs, isValue ? expected : undefined, `runtime ${JSON.stringify(text)}`);
    const rejection = { variable: 'battery.runtime', value: text, reason: expected };
    t.same(rejected, isValue ? [] : [rejection], `rejected of ${JSON.stringify(text)}`);
    t.equal(reading.chargePercent, 80, 'the others stay');
  }
});

t.test('a runtime of 0 needs another sign of an empty battery', async (t) => {
  const runtimeOf = (others: Record<string, string>) =>
    read({ 'battery.runtime': '0', ...others }).reading.runtimeMs;
  t.equal(runtimeOf({ 'ups.status': 'OB LB' }), 0, 'low battery');
  t.equal(runtimeOf({ 'ups.status': 'OB', 'battery.charge': '9' }), 0, 'little charge');
  t.equal(
    runtimeOf({ 'ups.status': 'OB', 'battery.charge': '18', 'battery.charge.low': '20' }),
    0,
    'its own low',
  );
  t.equal(runtimeOf({ 'ups.status': 'OB', 'battery.charge': '18' }), undefined, 'enough charge');
  t.equal(runtimeOf({ 'ups.status': 'OL' }), undefined, 'nothing else known');
});

t.test('the status', async (t) => {
  const flagsOf = (status: string) => read({ 'ups.status': status }).reading.flags;
  t.same(flagsOf('ALARM OL FSD'), ['ALARM', 'OL', 'FSD']);
  t.same(flagsOf('  ob   dischrg '), ['OB', 'DISCHRG']);
  t.same(flagsOf('OL DISCHRG OB'), ['OL', 'DISCHRG', 'OB'], 'all at once, as told');
  t.same(flagsOf('OL SOMETHING-NEW'), ['OL', 'SOMETHING-NEW'], 'words that nobody knows stay');
  t.equal(flagsOf('X '.repeat(1000)).length, 32, 'so many and no more');
  t.same(flagsOf(`OL ${'x'.repeat(500)}`), ['OL']);
  t.same(read({ 'ups.status': ' ' }).rejected, [{ variable: 'ups.status', value: ' ', reason: 'empty' }]);
});

t.test('odd values of the others', async (t) => {
  const { reading, rejected } = read({
    'ups.status': 'OL',
    'battery.charge': '255',
    'battery.charge.low': 'low',
    'ups.load': '-3',
    'input.voltage': '6553.5',
    'battery.voltage': '12,6',
    'driver.parameter.pollfreq': '0',
  });
  t.same(rejected.map(({ variable, reason }) => `${variable} ${reason}`).toSorted(), [
    'battery.charge out-of-range',
    'battery.charge.low not-a-number',
    'battery.voltage not-a-number',
    'driver.parameter.pollfreq out-of-range',
    'input.voltage out-of-range',
    'ups.load out-of-range',
  ]);
  t.equal(reading.refreshIntervalMs, undefined);
});

t.test('charges and loads that devices have been seen to tell', async (t) => {
  const table: [string, string][] = [
    ['battery.charge', '120'],
    ['battery.charge', '102.3'],
    ['battery.charge', '-197.6'],
    ['battery.charge', '255'],
    ['ups.load', '562020.0'],
    ['ups.load', '660'],
    ['input.voltage', '-159357104.0'],
    ['input.voltage', '2320.00'],
  ];
  for (const [variable, value] of table) {
    t.same(read({ [variable]: value }).rejected, [{ variable, value, reason: 'out-of-range' }]);
  }
});

t.test('any variables at all: no throw, numbers in range or none, few and short rejections', async (t) => {
  const names = [
    'battery.runtime',
    'battery.charge',
    'ups.load',
    'ups.status',
    'device.mfr',
    'input.voltage',
  ];
  const value = fc.oneof(fc.string({ maxLength: 100 }), fc.double().map(String), fc.integer().map(String));
  const run = fc.check(
    fc.property(fc.dictionary(fc.constantFrom(...names), value), (variables) => {
      const { reading, rejected } = read(variables);
      const { runtimeMs = 0, chargePercent = 0, loadPercent = 0 } = reading;
      return (
        runtimeMs >= 0 &&
        Number.isInteger(runtimeMs) &&
        chargePercent >= 0 &&
        chargePercent <= 100 &&
        loadPercent >= 0 &&
        rejected.length <= names.length &&
        rejected.every((each) => each.value.length <= 40)
      );
    }),
    { numRuns: 500 },
  );
  t.notOk(run.failed, fc.defaultReportMessage(run) ?? 'of 500 readings none');
});
