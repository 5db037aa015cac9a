/** `runs`: what holds for every run. */
import { z } from 'zod';
import { durationLeaf, listOf, wordLeaf } from './config-leaves.ts';
import { notificationEvents } from './manager-config.ts';
import { demandOne, hostCommandLeaf, webAddressLeaf } from './plan-leaves.ts';

const group = { error: 'expected a map of keys' };
const notificationsMax = 16;

const notification = z
  .strictObject(
    {
      webhook: webAddressLeaf({
        description: 'Each event is sent there by POST, as JSON.',
        example: 'https://ntfy.example/hecate',
      }).optional(),
      command: hostCommandLeaf({
        description:
          'Program and arguments, run on the coordinator without a shell; the event is on stdin, as JSON.',
        example: '[/usr/local/bin/tell-me]',
      }).optional(),
      events: listOf(
        wordLeaf({ description: 'An event.' }, notificationEvents),
        { description: 'Of what it is told.', example: '[started, degraded, failed, finished]' },
        { min: 1, max: notificationEvents.length, of: 'events', keyOf: (event) => event },
      ).default([...notificationEvents]),
    },
    group,
  )
  .superRefine(demandOne(['webhook', 'command'], 'way to tell'));

export type NotificationFile = z.output<typeof notification>;

const listError = { error: `expected a list of at most ${notificationsMax} notifications` };

export const runs = z
  .strictObject(
    {
      intent_age_max: durationLeaf(
        {
          description:
            'How long a shutdown that was accepted and never ended blocks a startup: over restarts of everything.',
          example: '6h',
        },
        1000,
        30 * 86_400_000,
      ).prefault('6h'),
      notifications: z
        .array(notification, listError)
        .max(notificationsMax, listError)
        .meta({
          description:
            'Who is told of runs. What cannot be told now is tried again for a day, while the manager runs.',
          example: '[{ webhook: "https://ntfy.example/hecate", events: [degraded, failed] }]',
        })
        .default([]),
    },
    group,
  )
  .meta({ description: 'Runs: plans that are carried out.', example: '{ intent_age_max: 6h }' })
  .prefault({});
