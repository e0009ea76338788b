/** The requests and responses of all operations. */
import type { operations } from './schema';

export const BASE = 'nbyard/api';

export type OperationId = keyof operations;

type Json<T> = T extends { content: { 'application/json': infer J } } ? J : never;
type Parameter<Id extends OperationId, In extends string> = operations[Id] extends {
  parameters: { [K in In]: infer P };
}
  ? P
  : operations[Id] extends { parameters: { [K in In]?: infer P } }
    ? Exclude<P, undefined>
    : never;
type Body<Id extends OperationId> = operations[Id] extends { requestBody: infer B }
  ? Json<Exclude<B, undefined>>
  : never;

/** The response of an operation when it succeeds. */
export type Answer<Id extends OperationId> = {
  [Status in keyof operations[Id]['responses']]: Status extends 200 | 201 | 202
    ? Json<operations[Id]['responses'][Status]>
    : never;
}[keyof operations[Id]['responses']];

type IfAny<T, Shape> = [T] extends [never] ? unknown : Shape;

/** The schema requires fields with a default, which is right for responses only. */
type Given<T> = T extends (infer U)[]
  ? Given<U>[]
  : T extends object
    ? { [K in keyof T]?: Given<T[K]> }
    : T;

/** What a request to an operation consists of. */
export interface IPlainQuestion {
  path?: Record<string, string>;
  query?: Record<string, unknown>;
  body?: unknown;
  signal?: AbortSignal;
  /** Send the request even if the page closes meanwhile. */
  keepalive?: boolean;
}

/** The request of an operation. */
export type Question<Id extends OperationId> = IfAny<
  Parameter<Id, 'path'>,
  { path: Parameter<Id, 'path'> }
> &
  IfAny<Parameter<Id, 'query'>, { query?: Parameter<Id, 'query'> }> &
  IfAny<Body<Id>, { body: Given<Body<Id>> }> &
  Pick<IPlainQuestion, 'keepalive' | 'signal'>;

/** A request to any operation. */
export type IRequest = {
  [Id in OperationId]: { id: Id; question: Question<Id> };
}[OperationId];
