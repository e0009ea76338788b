import { TranslationBundle } from '@jupyterlab/translation';
import { createContext, useContext, useEffect, useState } from 'react';

/** "0.4 s", "12 s", "3:05", "1:02:03". */
export function showSeconds(seconds: number | undefined): string {
  if (seconds === undefined) {
    return '';
  }
  if (seconds < 10) {
    return `${seconds.toFixed(1)} s`;
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return `${whole} s`;
  }
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** "just now", "5 min ago", "yesterday", a date. */
export function showAgo(at: string, now: number, trans: TranslationBundle): string {
  const seconds = (now - Date.parse(at)) / 1000;
  if (seconds < 45) {
    return trans.__('just now');
  }
  if (seconds < 3600) {
    return trans.__('%1 min ago', Math.max(1, Math.round(seconds / 60)));
  }
  if (seconds < 86_400) {
    return trans.__('%1 h ago', Math.round(seconds / 3600));
  }
  return new Date(at).toLocaleDateString(languages());
}

/** The user's languages: without them, a browser writes dates as its own menus. */
export function languages(): string[] {
  return [...navigator.languages];
}

export function showMoment(at: string | null | undefined): string {
  return at ? new Date(at).toLocaleString(languages()) : '';
}

/** Return a due time to the minute, in its zone: "Mon, Nov 30, 2026, 08:00", short "Mon 08:00". */
export function showDue(at: string, timeZone: string | undefined, isShort = false): string {
  const day = isShort ? {} : ({ year: 'numeric', month: 'short', day: 'numeric' } as const);
  const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const format = { weekday: 'short', ...day, ...clock } as const;
  try {
    return new Date(at).toLocaleString(languages(), { ...format, timeZone });
  } catch {
    // an old browser does not know the zone
    return new Date(at).toLocaleString(languages(), { ...format, timeZoneName: 'short' });
  }
}

const TICK = 1000;

/** Whether the panel around a component is visible; a hidden one needs no clock. */
export const PanelVisible = createContext(true);

interface IListener {
  period: number;
  due: number;
  tell: (now: number) => void;
}

/** The one clock of the page; it ticks while there are listeners and the page is visible. */
class Clock {
  /** Call `tell` each `period` milliseconds; return how to stop. */
  every(period: number, tell: (now: number) => void): () => void {
    const listener = { period, due: Date.now() + period, tell };
    this._listeners.add(listener);
    this._timer ??= window.setInterval(() => this._tick(), TICK);
    return () => {
      this._listeners.delete(listener);
      if (!this._listeners.size) {
        window.clearInterval(this._timer);
        this._timer = undefined;
      }
    };
  }

  private _tick(): void {
    if (document.hidden) {
      return; // the due calls follow when the page is visible again
    }
    const now = Date.now();
    for (const listener of this._listeners) {
      // a timer may be some milliseconds early
      if (now + TICK / 2 >= listener.due) {
        listener.due = now + listener.period;
        listener.tell(now);
      }
    }
  }

  private readonly _listeners = new Set<IListener>();
  private _timer?: number;
}

const clock = new Clock();

/** Return the time, updated each `period` while `ticking` and while the panel is visible. */
export function useNow(ticking: boolean, period = TICK): number {
  const runs = useContext(PanelVisible) && ticking;
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    setNow(Date.now());
    return runs ? clock.every(period, setNow) : undefined;
  }, [runs, period]);
  return now;
}

/** Return a moment as `2027-01-31T18:00` in a time zone; empty without a moment. */
export function timeIn(zone: string, at: string | null): string {
  if (!at) {
    return '';
  }
  // Swedish writes dates as ISO 8601 does
  const format = { timeZone: zone, dateStyle: 'short', timeStyle: 'short' } as const;
  return new Date(at).toLocaleString('sv-SE', format).replace(' ', 'T');
}

/** Return a typed time as the server reads it: with seconds; null for none. */
export function serverTime(typed: string): string | null {
  return typed ? typed.replace(/T\d\d:\d\d$/, '$&:00') : null;
}
