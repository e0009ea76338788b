/** Swept parameters of a node in the inspector. */
import { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useRef, useState } from 'react';
import { IArgument, showValue } from '../../document/arguments';
import { Json, JsonObject } from '../../document/canonical';
import { readMap, Source, spaceOf, variedBy } from '../../document/maps/map';
import { parseSweep, sweepText } from '../../document/maps/sweep';
import { LinkButton } from '../../components/Button';
import { IArgumentFormProps } from '../../forms/ArgumentForm';
import {
  isSweepable,
  sizeText,
  sweepFieldProps,
  SweepLink,
  sweepProblem
} from '../../forms/SweepField';
import { IValueFieldProps, ValueField } from '../../forms/ValueField';
import { useCanvas } from '../model/hooks';
import { forEachFile, setSweep } from './mapping';

export interface IMapProps {
  id: string;
  fields: JsonObject;
  /** Messages of the server, by field. */
  errors: Readonly<Record<string, string>>;
  /** It has no map of its own, but the elements of a node before it. */
  follows: boolean;
  readOnly: boolean;
}

/** A field of the checker's drafts: the parameter itself has a draft of its own. */
const draftOf = (name: string) => `sweep.${name}`;

/** Return the rows of arguments that differ between elements, and the links beside the others. */
export function useMapRows(props: IMapProps): Pick<IArgumentFormProps, 'asideOf' | 'rowOf'> {
  const { id, fields, errors, follows, readOnly } = props;
  const canvas = useCanvas();
  const { checker, trans } = canvas;
  const [opened, setOpened] = useState<string>();
  const map = readMap(fields);
  const space = spaceOf(map);
  const drafts = checker.draftsOf(id);
  return {
    rowOf: argument => {
      const { name } = argument;
      const draft = drafts[draftOf(name)];
      if (opened === name || draft !== undefined || space?.[name]) {
        const error = draft === undefined ? errors[name] : undefined;
        const close = () => setOpened(undefined);
        return <Sweep {...{ id, argument, each: map?.each, error, readOnly, close }} />;
      }
      return map && !space && variedBy(map).includes(name) ? (
        <div className="nby-Field">
          <div className="nby-Field-head">
            <span className="nby-Field-name">{name}</span>
          </div>
          <div className="nby-Field-source">{variedText(map.each, name, trans)}</div>
          {errors[name] && <div className="nby-Field-error">{errors[name]}</div>}
        </div>
      ) : undefined;
    },
    asideOf: argument => {
      const { name, role } = argument;
      const isSwept = isSweepable(argument) && (!map || !!space);
      if (readOnly || follows || !(isSwept || (role === 'input' && !map))) {
        return null;
      }
      return isSwept ? (
        <SweepLink
          {...{ name, trans }}
          onClick={() => {
            checker.keep(id, name);
            setOpened(name);
          }}
        />
      ) : (
        <LinkButton
          title={trans.__('Run the node once for each file, row or value')}
          onClick={() => forEachFile(canvas, id, name)}
        >
          {trans.__('For Each…')} <span className="nby-Sr">{name}</span>
        </LinkButton>
      );
    }
  };
}

function variedText(each: Source, name: string, trans: TranslationBundle): string {
  return each.kind === 'rows'
    ? trans.__('the column “%1” of each row', name)
    : each.kind === 'files'
      ? trans.__('each file')
      : trans.__('each value');
}

interface ISweepProps {
  id: string;
  argument: IArgument;
  each: Source | undefined;
  error: string | undefined;
  readOnly: boolean;
  close: () => void;
}

/** The values of a swept parameter as one text, and how many elements the node has. */
function Sweep({ id, argument, each, error, readOnly, close }: ISweepProps) {
  const canvas = useCanvas();
  const { checker, trans } = canvas;
  const { name, type } = argument;
  const space = each && spaceOf({ each });
  const values = space?.[name];
  const text = values && sweepText(type, values);
  const box = useRef<HTMLDivElement>(null);
  const isNew = useRef(!values);
  useEffect(() => {
    if (isNew.current) {
      box.current?.querySelector('input')?.focus();
    }
  }, []);
  const end = () => {
    checker.keep(id, draftOf(name));
    setSweep(canvas, id, name, undefined);
    close();
  };
  const check = (typed: Json) => sweepProblem(argument, showValue(typed), each, trans);
  const onRead = (typed: Json | undefined) => {
    const read =
      typed === undefined
        ? undefined
        : parseSweep(argument, showValue(typed), each?.kind === 'search');
    if (read && 'values' in read) {
      setSweep(canvas, id, name, read.values);
    } else {
      end();
    }
  };
  return (
    <div ref={box}>
      <CheckedField
        {...{ id, check, error, readOnly, onRead, trans }}
        {...sweepFieldProps(name, trans, readOnly ? undefined : end)}
        draftKey={draftOf(name)}
        value={text}
        first={text}
        help={
          values
            ? sizeText(each!, trans)
            : type === 'int' || type === 'float'
              ? trans.__('One element for each value, or a sample of a range: 0.001..0.1 log')
              : trans.__('One element for each value')
        }
      />
    </div>
  );
}

interface ICheckedFieldProps extends Omit<IValueFieldProps, 'draft' | 'onChange' | 'onUnread'> {
  id: string;
  draftKey: string;
  /** Return why a value is refused. */
  check: (value: Json) => string | undefined;
  onRead: (value: Json | undefined) => void;
}

/** A field whose refused text is kept as a draft, so that nothing runs with an older value. */
export function CheckedField({
  id,
  draftKey,
  check,
  onRead,
  ...field
}: ICheckedFieldProps): JSX.Element {
  const { checker } = useCanvas();
  const [problem, setProblem] = useState<string>();
  const keep = (why: string | undefined, text: string) => {
    setProblem(why);
    checker.keep(id, draftKey, why, text);
  };
  return (
    <ValueField
      {...field}
      draft={checker.draftsOf(id)[draftKey]}
      error={problem ?? field.error}
      onUnread={keep}
      onChange={value => {
        const why = value === undefined ? undefined : check(value);
        keep(why, showValue(value));
        if (why === undefined) {
          onRead(value);
        }
      }}
    />
  );
}
