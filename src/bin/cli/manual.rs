//! What the command line says of itself, for shells and for `man`.

use std::io::{self, Write};

use anyhow::bail;
use clap::CommandFactory;

use crate::Exit;
use crate::arguments::{Arguments, CompletionsArguments, ManArguments};

pub(crate) fn completions(arguments: &CompletionsArguments) -> anyhow::Result<Exit> {
    let mut command = Arguments::command();
    let name = command.get_name().to_owned();
    // It panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    print(&script)
}

pub(crate) fn man(arguments: &ManArguments) -> anyhow::Result<Exit> {
    let mut command = Arguments::command();
    command.build();
    if let Some(name) = &arguments.command {
        let Some(found) = command.find_subcommand(name).filter(|found| found.get_name() != "help") else {
            let names = command.get_subcommands().map(clap::Command::get_name);
            let names: Vec<&str> = names.filter(|name| *name != "help").collect();
            bail!("there is no command {name:?}: it is one of {}", names.join(", "));
        };
        command = found.clone();
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    print(&page)
}

fn print(text: &[u8]) -> anyhow::Result<Exit> {
    let mut out = io::stdout().lock();
    out.write_all(text)?;
    out.flush()?;
    Ok(Exit::Done)
}
