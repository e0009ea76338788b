/** Sends requests to a deployed service, through the server. */
import { ServerConnection } from '@jupyterlab/services';
import { useEffect, useState } from 'react';
import { Deployment, Link } from '../../../api/types';
import { IYard } from '../../../api/yard';
import { IPanelServices } from '../../frame/services';
import { ICall, IRequest } from './calls';
import { predictionCalls } from './columns';
import { addressOf } from '../state/texts';

/** More text would make a page slow. */
const MAX_SHOWN = 256 * 1024;

export interface IAnswer {
  /** 0 if it redirects the browser. */
  status: number;
  milliseconds: number;
  text: string;
}

export async function ask(
  { client }: IYard,
  request: IRequest,
  headers?: HeadersInit
): Promise<IAnswer> {
  const { method, url, json, parts } = request;
  // the request carries the user's Jupyter cookies, which must not go elsewhere
  const init: RequestInit = { method, cache: 'no-cache', redirect: 'manual', headers };
  if (json !== undefined) {
    init.body = json;
    init.headers = { 'Content-Type': 'application/json' };
  } else if (parts) {
    const body = new FormData();
    parts.forEach(([name, value]) => body.append(name, value));
    init.body = body;
  }
  const began = performance.now();
  const answer = await ServerConnection.makeRequest(url, init, client.settings);
  const text = await answer.text();
  const milliseconds = Math.round(performance.now() - began);
  return { status: answer.status, milliseconds, text: readable(text).slice(0, MAX_SHOWN) };
}

/** Format JSON with line breaks; other text stays. */
function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}

/** Return the link to try: that of a model, when it responds. */
export function triedLink({ spec, links }: Deployment): Link | undefined {
  return spec.service === 'api' ? links.find(({ answers }) => answers) : undefined;
}

/** Return a sample row for the model, if one is known. */
async function sampleOf({ client }: IYard, model: string | undefined) {
  const schema =
    model && (await client.call('models.schema', { path: { model } }).catch(() => undefined));
  return schema ? schema.sample : undefined;
}

/** Return the requests that the service describes; undefined while loading. */
export function useCalls(
  { yard, trans }: IPanelServices,
  { id, serving, model }: Deployment,
  link: Link
): readonly ICall[] | undefined {
  const [calls, setCalls] = useState<readonly ICall[]>();
  const address = addressOf(yard, link);
  const known = model?.id;
  useEffect(() => {
    let isOver = false;
    const look = async (): Promise<readonly ICall[]> => {
      const request = { method: 'GET', url: `${address}schema` };
      const { status, text } = await ask(yard, request, { 'X-Nbyard-Uncounted': '1' });
      const schema = status === 200 ? JSON.parse(text) : undefined;
      const calls = predictionCalls(schema, trans, await sampleOf(yard, known));
      const path = { deployment: id };
      return calls.length ? calls : (await yard.client.call('deployments.forms', { path })).forms;
    };
    look()
      .catch(() => []) // the service does not describe itself
      .then(offered => !isOver && setCalls(offered));
    return () => {
      isOver = true;
    };
  }, [yard, trans, id, serving, known, address]);
  return calls;
}
