import t from 'tap';
import { FinishedJobs } from '../../src/io/finished-jobs.ts';

t.test('the last jobs are kept, no more', (t) => {
  const jobs = new FinishedJobs(3);
  const add = (jobId: number, result = 'done'): void =>
    jobs.add({ jobId, jobPath: `/job/${jobId}`, unit: 'a.service', result });
  for (const jobId of [1, 2, 3]) add(jobId);
  add(1, 'failed');
  add(4);
  t.equal(jobs.get('/job/2'), undefined, 'the oldest went');
  t.equal(jobs.get('/job/1')?.result, 'failed', 'the newer one of the same path');
  t.ok(jobs.get('/job/3') && jobs.get('/job/4'));
  jobs.clear();
  t.equal(jobs.get('/job/4'), undefined);
  t.end();
});
