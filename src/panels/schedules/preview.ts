import { useEffect, useState } from 'react';
import { ApiError } from '../../api/client';
import { SchedulePreview, SchedulePreviewRequest } from '../../api/types';
import { Problems, problemsOf } from '../frame/dialogs/askUntilAccepted';
import { IPanelServices } from '../frame/services';

/** While the user types, the server is not asked. */
const PAUSE_MS = 250;
/** After this time, the server is asked again if it did not answer. */
const AGAIN_MS = 3000;

interface IAnswer {
  preview?: SchedulePreview;
  /** Why fields are refused. */
  refused?: Problems;
  isAway?: boolean;
}

/** Return the sentence and the next times, asked after the user stops typing. */
export function usePreview(
  { yard }: IPanelServices,
  request: Partial<SchedulePreviewRequest> & Pick<SchedulePreviewRequest, 'timing'>
): IAnswer {
  const [answer, setAnswer] = useState<IAnswer>({});
  const asked = JSON.stringify(request);
  useEffect(() => {
    const control = new AbortController();
    const { signal } = control;
    let timer = 0;
    const ask = async () => {
      try {
        const body = JSON.parse(asked);
        setAnswer({ preview: await yard.client.call('schedules.preview', { body, signal }) });
      } catch (error) {
        if (signal.aborted) {
          return;
        }
        // 404: the schedule was deleted
        const isRefused = error instanceof ApiError && [404, 422].includes(error.status);
        setAnswer(isRefused ? { refused: problemsOf(error) } : { isAway: true });
        if (!isRefused) {
          timer = window.setTimeout(() => void ask(), AGAIN_MS);
        }
      }
    };
    timer = window.setTimeout(() => void ask(), PAUSE_MS);
    return () => {
      window.clearTimeout(timer);
      control.abort();
    };
  }, [yard, asked]);
  return answer;
}
