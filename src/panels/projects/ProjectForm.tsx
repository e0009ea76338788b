import { Project } from '../../api/types';
import { useDialogDraft } from '../../components/hooks/useDraft';
import { More } from '../../components/More';
import { FieldFrame } from '../../forms/FieldFrame';
import { IPanelServices } from '../frame/services';

/** The typed values; `facts` are lines of `name = value`. */
export interface IProjectDraft {
  name: string;
  description: string;
  repository: string;
  requirements: string;
  goal: string;
  evaluation_data: string;
  criteria: string;
  facts: string;
}

export function draftOf(known?: Project): IProjectDraft {
  const { name = '', description = '', repository = '', requirements = '' } = known ?? {};
  const facts = Object.entries(known?.metadata ?? {}).map(([key, value]) => `${key} = ${value}`);
  return {
    ...{ name, description, repository, requirements },
    ...(known?.task ?? { goal: '', evaluation_data: '', criteria: '' }),
    facts: facts.join('\n')
  };
}

/** Return what the form sends. */
export function bodyOf({ goal, evaluation_data, criteria, facts, ...texts }: IProjectDraft) {
  const lines = facts.split('\n').filter(line => line.trim());
  const metadata = Object.fromEntries(
    lines.map(line => {
      const [name, ...value] = line.split('=');
      return [name.trim(), value.join('=').trim()];
    })
  );
  return { ...texts, metadata, task: { goal, evaluation_data, criteria } };
}

/** The name of a field, its label, and where its error is reported if that is another place. */
type IFieldOfProject = [name: keyof IProjectDraft, label: string, place?: string];

interface IProjectFormProps {
  services: IPanelServices;
  /** Changed while the user types. */
  draft: IProjectDraft;
  problems: Readonly<Record<string, string>>;
}

/** What a project is, and its task. */
export function ProjectForm({ services, draft, problems }: IProjectFormProps): JSX.Element {
  const { trans } = services;
  const [shown, change] = useDialogDraft(draft);
  const usual: IFieldOfProject[] = [
    ['name', trans.__('Name')],
    ['description', trans.__('Description')],
    ['goal', trans.__('Goal'), 'task.goal']
  ];
  const rare: IFieldOfProject[] = [
    ['evaluation_data', trans.__('Evaluation data'), 'task.evaluation_data'],
    ['criteria', trans.__('Criteria'), 'task.criteria'],
    ['repository', trans.__('Repository (URL)')],
    ['requirements', trans.__('Requirements')],
    ['facts', trans.__('Other facts, one “name = value” per line'), 'metadata']
  ];
  const isLong = (name: string) => ['description', 'requirements', 'facts'].includes(name);
  const errorAt = (place: string) =>
    Object.entries(problems).find(([path]) => path === place || path.startsWith(`${place}.`))?.[1];
  const fieldOf = ([name, label, place = name]: IFieldOfProject) => {
    const given = {
      className: 'jp-mod-styled',
      value: shown[name],
      onChange: (event: { target: { value: string } }) => change({ [name]: event.target.value })
    };
    return (
      <FieldFrame key={name} label={label} error={errorAt(place)} trans={trans}>
        {control =>
          isLong(name) ? (
            <textarea {...control} {...given} rows={2} />
          ) : (
            <input {...control} {...given} />
          )
        }
      </FieldFrame>
    );
  };
  return (
    <div className="nby-Form">
      {usual.map(fieldOf)}
      <More
        summary={trans.__('More')}
        open={rare.some(([name, , place = name]) => shown[name] || errorAt(place))}
      >
        {rare.map(fieldOf)}
      </More>
    </div>
  );
}
