import type { Context, End } from '../context.ts';
export const joinSite = async (_c: Context): Promise<End> => 'internal';
