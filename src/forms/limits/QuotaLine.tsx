import { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useState } from 'react';
import { QuotaUse } from '../../api/types';
import { holderText } from '../../components/holders/askToFree';

interface IQuotaLineProps {
  ask: () => Promise<QuotaUse>;
  /** Also show the number and lifetime of deployments. */
  deployments?: boolean;
  trans: TranslationBundle;
}

/** Free GPUs and the user's own quota, shown before one chooses; nothing without any. */
export function QuotaLine({ ask, deployments, trans }: IQuotaLineProps): JSX.Element | null {
  const [use, setUse] = useState<QuotaUse>();
  useEffect(() => {
    let isShown = true;
    ask().then(
      known => isShown && setUse(known),
      () => undefined // the form works without it
    );
    return () => {
      isShown = false;
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- asked once, when the form opens
  }, []);
  const text = use?.limits && quotaText(use, deployments, trans);
  return text ? <p className="nby-Field-help nby-Fields-help nby-Quota">{text}</p> : null;
}

function quotaText(
  { limits, uses, free_gpus, total_gpus }: QuotaUse,
  deployments: boolean | undefined,
  trans: TranslationBundle
): string {
  const held = uses.filter(({ gpus }) => gpus);
  const count = held.reduce((sum, { gpus }) => sum + (gpus ?? 0), 0);
  const names = held.map(use => holderText(use, trans));
  const { gpus, deployments: most, deployment_days: days } = limits;
  const made = uses.filter(({ kind }) => kind === 'deployment').length;
  return [
    total_gpus > 0 && trans.__('%1 of %2 GPUs are free', free_gpus, total_gpus),
    total_gpus > 0 &&
      typeof gpus === 'number' &&
      (count
        ? trans.__('your quota: %1, of which %2 held by %3', gpus, count, names.join(', '))
        : trans.__('your quota: %1', gpus)),
    deployments &&
      typeof most === 'number' &&
      trans.__('you have %1 of at most %2 deployments', made, most),
    deployments &&
      typeof days === 'number' &&
      trans.__('stops after %1 hours, unless you extend it', Number((days * 24).toFixed(1)))
  ]
    .filter(Boolean)
    .join(' · ');
}
