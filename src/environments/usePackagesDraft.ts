import { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useRef, useState } from 'react';
import type { ApiClient } from '../api/client';
import type { Question } from '../api/operations';
import { Resolution } from '../api/types';
import { useDraft } from '../components/hooks/useDraft';
import { refusedPackages } from './texts';

type Body = Question<'environments.preview'>['body'];
type Outcome = 'done' | 'refused' | 'aborted';

export interface IPackagesDraft {
  /** The packages, one in each line. */
  text: string;
  setText: (next: string | ((now: string) => string)) => void;
  /** What an installation would change. */
  resolution: Resolution | undefined;
  setResolution: (resolution: Resolution | undefined) => void;
  /** Messages of a refusal. */
  problems: readonly string[];
  /** Replace the text, and discard what belongs to the previous one. */
  change: (next: string) => void;
  /** Discard preview and messages. */
  discard: () => void;
  /** Do something with the text and keep the messages of a refusal; the next attempt aborts it. */
  attempt: (work: (signal: AbortSignal) => Promise<unknown>) => Promise<Outcome>;
  preview: (environment: string, body: Body) => Promise<Outcome>;
}

/** Leave out lines with addresses that may contain a password or a token. */
export function withoutSecrets(text: string): string {
  const lines = text.split('\n');
  return lines.filter(line => !/:\/\/(?:[^/\s]*@|\S*\?)/.test(line)).join('\n');
}

/** Return packages while the user edits them, with what installing them would change. */
export function usePackagesDraft(
  client: ApiClient,
  trans: TranslationBundle,
  first: string
): IPackagesDraft {
  const [text, setText] = useDraft('packages', () => first, withoutSecrets);
  const [resolution, setResolution] = useState<Resolution>();
  const [problems, setProblems] = useState<readonly string[]>([]);
  const control = useRef<AbortController>();
  useEffect(() => () => control.current?.abort(), []);
  const discard = () => {
    setResolution(undefined);
    setProblems([]);
  };
  const attempt = async (work: (signal: AbortSignal) => Promise<unknown>): Promise<Outcome> => {
    control.current?.abort();
    const { signal } = (control.current = new AbortController());
    setProblems([]);
    try {
      await work(signal);
    } catch (error) {
      if (!signal.aborted) {
        setProblems(refusedPackages(error, trans));
        return 'refused';
      }
    }
    return signal.aborted ? 'aborted' : 'done';
  };
  return {
    text,
    setText,
    resolution,
    setResolution,
    problems,
    change: next => {
      control.current?.abort();
      setText(next);
      discard();
    },
    discard,
    attempt,
    preview: (environment, body) =>
      attempt(async signal =>
        setResolution(
          await client.call('environments.preview', { path: { environment }, body, signal })
        )
      )
  };
}
