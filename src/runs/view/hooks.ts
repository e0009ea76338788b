import { createContext, useCallback, useContext, useRef, useState } from 'react';
import { Activity, RunDetail } from '../../api/types';
import { useSignal } from '../../components/useSignal';
import { RunModel } from '../model';
import { IRunServices } from '../services';

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

/** The width an element has, while it has it, and at least that. */
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
