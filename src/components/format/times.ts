import { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useState } from 'react';

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
  return new Date(at).toLocaleDateString();
}

export function showMoment(at: string | null | undefined): string {
  return at ? new Date(at).toLocaleString() : '';
}

/** Return the time, updated each `period` while `ticking`; a hidden page does not update. */
export function useNow(ticking: boolean, period = 1000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    setNow(Date.now());
    if (!ticking) {
      return;
    }
    const timer = window.setInterval(() => !document.hidden && setNow(Date.now()), period);
    return () => window.clearInterval(timer);
  }, [ticking, period]);
  return now;
}
