/** The values of a swept parameter as one text, such as `0.01, 0.1, 1` or `1..10`. */
import { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useRef, useState } from 'react';
import { LinkButton } from '../components/Button';
import { IArgument, showValue } from '../document/arguments';
import { Json } from '../document/canonical';
import { MAX_ELEMENTS, sizeOf, Source, sourceOf, spaceOf } from '../document/maps/map';
import { parseSweep } from '../document/maps/sweep';
import { problemText, ValueField } from './ValueField';

/** Return whether a parameter can have several values. */
export function isSweepable({ role, type }: IArgument): boolean {
  return role === 'value' && type !== 'secret';
}

/** Return why the values of a parameter are refused, beside those of the others of the source. */
export function sweepProblem(
  argument: IArgument,
  text: string,
  each: Source | undefined,
  trans: TranslationBundle
): string | undefined {
  const read = parseSweep(argument, text, each?.kind === 'search');
  if ('values' in read) {
    const space = { ...(each && spaceOf({ each })), [argument.name]: read.values };
    return sizeOf(sourceOf(space, each))! > MAX_ELEMENTS ? manyText(trans) : undefined;
  }
  switch (read.problem) {
    case 'many':
      return manyText(trans);
    case 'order':
      return trans.__('Enter the smaller number first. With “log”, it must be positive.');
    default:
      return problemText(read.problem, trans);
  }
}

export const manyText = (trans: TranslationBundle): string =>
  trans.__('A map has at most %1 elements.', MAX_ELEMENTS.toLocaleString());

/** Return the number of elements: `4 elements`, or `4 × 2 = 8 elements`. */
export function sizeText(each: Source, trans: TranslationBundle): string {
  const lengths = each.kind === 'grid' ? Object.values(each.values).map(own => own.length) : [];
  const product = lengths.length > 1 ? `${lengths.join(' × ')} = ` : '';
  return product + trans._n('%1 element', '%1 elements', sizeOf(each)!);
}

/** Return what is the same in each field for the values of a sweep. */
export function sweepFieldProps(name: string, trans: TranslationBundle, onEnd?: () => void) {
  return {
    label: name,
    type: 'string' as const,
    placeholder: trans.__('0.01, 0.1, 1 or 1..10'),
    aside: onEnd && (
      <LinkButton onClick={onEnd}>
        {trans.__('Stop Sweeping')} <span className="nby-Sr">{name}</span>
      </LinkButton>
    )
  };
}

/** Opens the field for the values of a parameter. */
export function SweepLink(props: {
  name: string;
  trans: TranslationBundle;
  onClick: () => void;
}): JSX.Element {
  const { name, trans, onClick } = props;
  return (
    <LinkButton title={trans.__('Run once for each of several values')} onClick={onClick}>
      {trans.__('Sweep…')} <span className="nby-Sr">{name}</span>
    </LinkButton>
  );
}

interface ISweepFieldProps {
  argument: IArgument;
  /** The texts of all swept parameters, and the parameters. */
  sweeps: Readonly<Record<string, string>>;
  arguments: readonly IArgument[];
  error: string | undefined;
  trans: TranslationBundle;
  /** Without a text, the parameter is not swept. */
  onText: (text: string | undefined) => void;
  onUnread: (why: string | undefined) => void;
}

/** The field of a form for one run. */
export function SweepField(props: ISweepFieldProps): JSX.Element {
  const { argument, sweeps, error, trans, onText, onUnread } = props;
  const { name } = argument;
  const text = sweeps[name];
  const values: Record<string, Json[]> = {};
  for (const other of props.arguments.filter(each => sweeps[each.name])) {
    const read = parseSweep(other, sweeps[other.name]);
    if ('values' in read && Array.isArray(read.values)) {
      values[other.name] = read.values;
    }
  }
  const grid: Source = { kind: 'grid', values };
  const problemOf = (typed: string | undefined) => {
    const read = typed && parseSweep(argument, typed);
    return read && 'values' in read && !Array.isArray(read.values)
      ? trans.__('Only the map of a node can take a sample of a range.')
      : typed && sweepProblem(argument, typed, grid, trans);
  };
  const [problem, setProblem] = useState(() => problemOf(text));
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!text) {
      box.current?.querySelector('input')?.focus();
    }
    if (problem) {
      onUnread(problem); // the form is shown again
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- when it is opened
  }, []);
  const keep = (why: string | undefined) => {
    setProblem(why);
    onUnread(why);
  };
  return (
    <div ref={box}>
      <ValueField
        {...sweepFieldProps(name, trans, () => {
          keep(undefined);
          onText(undefined);
        })}
        value={text || undefined}
        first={text}
        help={values[name] ? sizeText(grid, trans) : trans.__('One element for each value')}
        error={problem || error}
        trans={trans}
        onChange={value => {
          const typed = value === undefined ? undefined : showValue(value);
          keep(problemOf(typed));
          onText(typed);
        }}
      />
    </div>
  );
}
