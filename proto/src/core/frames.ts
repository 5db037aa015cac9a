/** Names for the unions of the generated types, without their empty case: what a checked frame holds. */
import type { Frame, Notice, Query, QueryResult, Request, Response, StreamItem } from '../generated/wire.ts';

type Filled<T extends { case: string | undefined }> = Exclude<T, { case: undefined }>;

export type FrameBody = Filled<Frame['body']>;
export type Method = Filled<Request['method']>;
export type Outcome = Filled<Response['outcome']>;
export type Item = Filled<StreamItem['item']>;
export type NoticeBody = Filled<Notice['notice']>;
export type QueryBody = Filled<Query['query']>;
export type QueryResultBody = Filled<QueryResult['result']>;

/** The outcome of one case: `OutcomeOf<'nodes'>` is NodeList. */
export type OutcomeOf<Case extends Outcome['case']> = Extract<Outcome, { case: Case }>['value'];

/** Who is on the other side of a session, and so which frames may come from there. */
export type PeerSide = 'agent' | 'operator' | 'peer' | 'joiner' | 'manager' | 'undecided';
