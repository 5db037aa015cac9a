const { simulateRuns } = await import('/work/main/test/sim/runs-simulation.ts');
const { runsStep } = await import('/work/main/manager/src/core/runs/runs.ts');
const { noMutation } = await import('/work/main/test/sim/runs-mutation.ts');
const [from, count] = process.argv.slice(2).map(Number);
let inputs = 0, recorded = 0, done = 0, bad = 0, withdrawn=0;
const mutation = { ...noMutation, runsStep: (step: any) => (state: any, input: any, at: any) => {
  const out = step(state, input, at);
  const recs = out.effects.flatMap((e: any) => e.type === 'commit' ? e.records : []);
  if (input.type === 'order-carried-out') { inputs++; if (recs.some((r: any) => r.type === 'order-carried-out')) recorded++; else if (out.effects.some((e:any)=>e.type==='withdraw')) withdrawn++; }
  done += recs.filter((r: any) => r.type === 'operation-ended' && /carried out its part/.test(r.end.message)).length;
  return out; } };
for (let s = from; s < from + count; s++) { const r = simulateRuns(s, { mutation } as any); if (r.violation) { bad++; console.log(s, r.violation.slice(0, 600)); } }
console.log({ inputs, recorded, withdrawn, done, bad });
