import { useEffect, useState } from 'react';
import { ApiError } from '../../../api/client';
import { Answer, Question } from '../../../api/operations';
import { Problems } from '../../../forms/schema/fields';
import { problemsOf } from '../../frame/dialogs/askUntilAccepted';
import { IPanelServices } from '../../frame/services';

/** While the user types, the server is not asked. */
const PAUSE_MS = 250;
/** After this time, the server is asked again if it did not answer. */
const AGAIN_MS = 3000;
/** The item was deleted, has no due times, or fields are refused. */
const REFUSED = [404, 409, 422];

type Previewed = 'automations.preview' | 'backfills.preview';

export interface IPreview<Id extends Previewed> {
  preview?: Answer<Id>;
  /** Why fields are refused. */
  refused?: Problems;
  /** That the server cannot be asked. */
  away?: string;
}

/**
 * Return the next or past due times, asked after the user stops typing, and in each `turn`; nothing
 * without a question.
 */
export function usePreview<Id extends Previewed>(
  { yard, trans }: IPanelServices,
  id: Id,
  question: Question<Id> | undefined,
  turn = 0
): IPreview<Id> {
  const [answer, setAnswer] = useState<IPreview<Id>>({});
  const asked = question && JSON.stringify(question);
  useEffect(() => {
    if (!asked) {
      setAnswer({});
      return;
    }
    const control = new AbortController();
    const { signal } = control;
    let timer = 0;
    const ask = async () => {
      try {
        setAnswer({ preview: await yard.client.call(id, { ...JSON.parse(asked), signal }) });
      } catch (error) {
        if (signal.aborted) {
          return;
        }
        if (error instanceof ApiError && REFUSED.includes(error.status)) {
          setAnswer({ refused: problemsOf(error) });
        } else {
          const away = trans.__('The next times cannot be shown: no connection to the server.');
          setAnswer({ away });
          timer = window.setTimeout(() => void ask(), AGAIN_MS);
        }
      }
    };
    timer = window.setTimeout(() => void ask(), PAUSE_MS);
    return () => {
      window.clearTimeout(timer);
      control.abort();
    };
  }, [yard, trans, id, asked, turn]);
  return answer;
}
