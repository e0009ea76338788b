/** The check runs that this window started: cards show no check run of a shell or another window. */
import { Signal } from '@lumino/signaling';
import { recall, remember } from '../../components/hooks/sessionMemory';

const KEY = 'check-runs';
/** Only the newest ones can be on a canvas. */
const MOST = 50;

const known = (): readonly string[] => recall<{ ids: string[] }>(KEY)?.ids ?? [];

export const ownChecks = {
  /** Emitted when a check run was started. */
  added: new Signal<object, void>({}),

  has: (id: string): boolean => known().includes(id),

  add(id: string): void {
    remember(KEY, { ids: [...known(), id].slice(-MOST) });
    this.added.emit();
  }
};
