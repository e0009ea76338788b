"""A model from the output of a real run."""

from nbyard.testing.dispatcher_thread import Dispatching

from .....unit.cli.commands.models.test_verbs import CLASS


def test_model_from_an_output_of_a_run_is_created_and_shown(
    shell, yard, tmp_path, dispatcher: Dispatching
):
    """Its content is tested in tests/integration/services/models/test_packages_from_runs.py."""
    yard.settings.docker_host = f"unix://{tmp_path}/none.sock"
    root = yard.context.files.root
    (root / "near.py").write_text(f"{CLASS}    feature_names_in_ = ['x']\n")
    (root / "train.py").write_text(
        "import argparse, pathlib, pickle, near\n"
        "parser = argparse.ArgumentParser()\n"
        "parser.add_argument('--output-model', type=pathlib.Path, default='model.pkl')\n"
        "with open(parser.parse_args().output_model, 'wb') as file:\n"
        "    pickle.dump(near.Doubling(), file)\n"
    )
    assert shell("run", "train.py", "--name", "trained").code == 0
    (name,) = [
        one["name"]
        for one in shell("runs", "show", "trained", "--json").json["tasks"][0]["artifacts"]
    ]
    made = shell("models", "build", "--run", "trained", "--output", name, "--detach", "--json")
    assert made.json["source"]["run_title"] == "trained", made.err
    assert (
        f"1 (trained), {made.json['source']['node']}.{name}"
        in shell("models", "show", made.json["id"]).out
    )
    refused = shell("models", "deploy", "--run", "1", "--output", name, "--detach")
    assert (refused.code, "Docker" in refused.err) == (5, True)  # before another model is created
    assert [one["id"] for one in shell("models", "ls", "--json").json["items"]] == [made.json["id"]]
