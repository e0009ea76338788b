import { createContext, useContext } from 'react';
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
