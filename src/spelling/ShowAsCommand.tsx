/** Shows what a form sends as a command and as Python, while the user changes the form. */
import { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useReducer, useRef, useState } from 'react';
import { Button } from '../components/Button';
import type { ApiClient } from '../api/client';
import type { IPlainQuestion, IRequest } from '../api/operations';
import type { Spelling } from '../api/types';

/** While the user types, the server is not asked. */
const PAUSE_MS = 200;
const EVENTS = ['input', 'change', 'click', 'keyup'] as const;
/** Stands for a typed secret, which never leaves the form for a spelling. */
const HIDDEN = '***';

/** The request that a form would send now; undefined while a field is unreadable. */
export interface ISpelling<Args extends unknown[] = []> {
  client: Pick<ApiClient, 'call'> & Partial<Pick<ApiClient, 'project'>>;
  request: (...args: Args) => IRequest | undefined;
}

/** Return a secret as a spelling may get it: whether there is one. */
export function hidden(secret: string): string {
  return secret && HIDDEN;
}

interface IShowAsCommandProps {
  spelling: ISpelling;
  trans: TranslationBundle;
}

export function ShowAsCommand({ spelling, trans }: IShowAsCommandProps): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  return (
    <details
      className="nby-More nby-Spelling"
      onToggle={event => setOpen(event.currentTarget.open)}
    >
      <summary>{trans.__('Show as Command Line / Python')}</summary>
      {isOpen && <Spellings spelling={spelling} trans={trans} />}
    </details>
  );
}

function Spellings({ spelling, trans }: IShowAsCommandProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const asked = useRequest(spelling, place);
  const { shown, problem } = useSpelling(spelling.client, asked, trans);
  const [said, setSaid] = useState('');
  const isShown = !!shown;
  useEffect(() => {
    if (isShown) {
      place.current?.scrollIntoView?.({ block: 'nearest' }); // below what a dialog shows
    }
  }, [isShown]);
  const copy = async (text: string, what: string) => {
    await navigator.clipboard.writeText(text);
    setSaid(trans.__('Copied: %1', what));
  };
  const texts = [
    [trans.__('Command line'), shown?.command],
    [trans.__('Python'), shown?.python]
  ] as const;
  return (
    <div ref={place} className={problem ? 'nby-Dim' : undefined}>
      {problem && <p className="nby-Field-error">{problem}</p>}
      {texts.map(([title, text]) => (
        <section key={title} aria-label={title}>
          <div className="nby-Spelling-head">
            {title}
            <Button
              aria-label={trans.__('Copy: %1', title)}
              disabled={!text || !!problem}
              onClick={() => void copy(text!, title)}
            >
              {trans.__('Copy')}
            </Button>
          </div>
          <pre>{text ?? '…'}</pre>
        </section>
      ))}
      <p className="nby-Field-help">
        {trans.__('Paths start in the server’s root folder.')}
        {asked.includes(HIDDEN) && ` ${trans.__('A secret is asked for, never shown.')}`}
      </p>
      <div role="status" className="nby-Sr">
        {said}
      </div>
    </div>
  );
}

/** Return the request as JSON, anew after each change in the form around; '' for none. */
function useRequest({ request }: ISpelling, place: React.RefObject<HTMLElement>): string {
  const [, draw] = useReducer((turn: number) => turn + 1, 0);
  // forms that keep their values elsewhere do not draw this part again
  useEffect(() => {
    const form = place.current?.closest('.jp-Dialog, .nby-View, form');
    let timer = 0;
    const look = () => {
      clearTimeout(timer);
      timer = window.setTimeout(draw);
    };
    EVENTS.forEach(name => form?.addEventListener(name, look));
    return () => {
      clearTimeout(timer);
      EVENTS.forEach(name => form?.removeEventListener(name, look));
    };
  }, [place]);
  const current = request();
  return current ? JSON.stringify(bodyOf(current)) : '';
}

function bodyOf({ id, question }: IRequest): object {
  const { path, query, body } = question as IPlainQuestion;
  return { operation: id, path, query, body };
}

interface IShown {
  shown?: Spelling;
  problem?: string;
}

/** Return the spelling of a request; a refused request keeps the spelling before it. */
function useSpelling(client: ISpelling['client'], asked: string, trans: TranslationBundle): IShown {
  const [answer, setAnswer] = useState<IShown>({});
  const { project } = client; // what the form creates is linked to it
  useEffect(() => {
    if (!asked) {
      setAnswer(({ shown }) => ({ shown, problem: trans.__('Correct the marked fields first.') }));
      return;
    }
    const control = new AbortController();
    const { signal } = control;
    const timer = window.setTimeout(() => {
      const body = { ...(JSON.parse(asked) as { operation: string }), project };
      client
        .call('system.spell', { body, signal })
        .then(shown => setAnswer({ shown }))
        .catch((error: Error) => {
          if (!signal.aborted) {
            setAnswer(({ shown }) => ({ shown, problem: error.message }));
          }
        });
    }, PAUSE_MS);
    return () => {
      window.clearTimeout(timer);
      control.abort();
    };
  }, [client, asked, project, trans]);
  return answer;
}
