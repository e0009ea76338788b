/** The rules of contracts in words. */
import { TranslationBundle } from '@jupyterlab/translation';
import { JsonObject } from '../../document/canonical';

/** Return what a rule demands. */
export function ruleText(rule: JsonObject, trans: TranslationBundle): string {
  const text = demandOf(rule, trans);
  return rule.level === 'warn' ? trans.__('%1 (only warns)', text) : text;
}

function demandOf(rule: JsonObject, trans: TranslationBundle): string {
  const about = [rule.column ?? rule.columns ?? rule.name ?? []].flat().join(', ');
  const percent = Math.round(1000 * Number(rule.most ?? rule.within ?? 0)) / 10;
  switch (rule.rule) {
    case 'columns':
      return rule.closed
        ? trans.__('columns %1, and no others', about)
        : trans.__('columns %1', about);
    case 'type':
      return trans.__('%1 has the type %2', about, String(rule.type));
    case 'nulls':
      return percent
        ? trans.__('at most %2 % of %1 missing', about, percent)
        : trans.__('%1 is never missing', about);
    case 'unique':
      return trans.__('%1 never repeats', about);
    case 'values':
      return trans.__('%1 is one of %2', about, [rule.values ?? []].flat().join(', '));
    case 'rows':
      return trans.__('%1 rows', boundsText(rule));
    case 'fresh':
      return trans.__('newest %1 at most %2 hours old', about, Number(rule.hours));
    case 'reference':
      return trans.__('%1 occurs in %2', about, String(rule.dataset));
    case 'close':
      return percent
        ? trans.__('%1 within %2 % of the last good run', figureText(rule, trans), percent)
        : trans.__('%1 as in the last good run', figureText(rule, trans));
    default:
      return `${about} ${boundsText(rule)}`;
  }
}

function figureText({ figure, name }: JsonObject, trans: TranslationBundle): string {
  const figures: Record<string, string> = {
    content: trans.__('the bytes'),
    rows: trans.__('the number of rows'),
    mean: trans.__('the mean of %1', String(name))
  };
  return figures[String(figure)] ?? String(name);
}

function boundsText({ min, max }: JsonObject): string {
  if (min === undefined || min === null) {
    return `≤ ${String(max)}`;
  }
  return max === undefined || max === null ? `≥ ${String(min)}` : `${String(min)} … ${String(max)}`;
}
