/**
 * To be imported for what it does: properties of fast-check play the same cases in every run, so that one that fails says
 * something of the change and not of the day. `HECATE_PROPERTY_SEED=NUMBER`, or `random`, plays others; fast-check prints
 * the seed of those that failed.
 */
import fc from 'fast-check';

const wanted = process.env.HECATE_PROPERTY_SEED ?? '1';
if (wanted !== 'random') fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(wanted) });
