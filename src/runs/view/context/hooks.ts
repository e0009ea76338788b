import { createContext, useCallback, useContext, useEffect, useRef, useState } from 'react';
import { Activity, RunDetail } from '../../../api/types';
import { useSignal } from '../../../components/hooks/useSignal';
import { IKnownEstimate } from '../../model/estimates';
import { RunModel } from '../../model/runModel';
import { IRunServices } from '../../model/services';

export const RunContext = createContext<IRunServices | null>(null);

export function useServices(): IRunServices {
  return useContext(RunContext)!;
}

export function useDetail(model: RunModel): RunDetail | undefined {
  return useSignal(model.changed, () => model.detail);
}

export function useActivity(model: RunModel): ReadonlyMap<string, Activity> {
  return useSignal(model.changed, () => model.activity);
}

/** How often the estimate of a live run is requested, in milliseconds. */
const AGAIN = 10_000;

/** Return the remaining time of a run; requested while it is live and visible. */
export function useEstimate(model: RunModel, live: boolean): IKnownEstimate | undefined {
  const { yard } = useServices();
  const [known, setKnown] = useState<IKnownEstimate>();
  useEffect(() => {
    let gone = false;
    const ask = async () => {
      if (document.hidden) {
        return;
      }
      try {
        const estimate = await yard.client.call('runs.estimate', { path: { run: model.id } });
        if (!gone) {
          setKnown({ ...estimate, at: Date.now() });
        }
      } catch {
        // without an estimate, nothing is shown
      }
    };
    setKnown(undefined);
    if (!live) {
      return;
    }
    void ask();
    const timer = window.setInterval(() => void ask(), AGAIN);
    return () => {
      gone = true;
      window.clearInterval(timer);
    };
  }, [yard, model, live]);
  return known;
}

/** Return the width of an element while it exists, at least `least`. */
export function useWidth(least: number): [(element: Element | null) => void, number] {
  const [width, setWidth] = useState(1000);
  const watch = useRef<ResizeObserver>();
  const ref = useCallback((element: Element | null) => {
    watch.current?.disconnect();
    if (element) {
      watch.current = new ResizeObserver(([{ contentRect }]) => setWidth(contentRect.width));
      watch.current.observe(element);
    }
  }, []);
  return [ref, Math.max(least, Math.floor(width))];
}
