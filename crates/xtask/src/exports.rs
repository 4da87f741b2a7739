//! Reads the exports of `bindings/c/src` and says in plain Rust what they are to C, for cbindgen and for the symbol list.

use crate::tree;
use anyhow::{Context, Result, bail};
use quote::{ToTokens, quote};
use std::path::Path;
use syn::parse::{Parse, ParseStream};
use syn::visit_mut::{VisitMut, visit_type_mut};
use syn::{Attribute, Block, FnArg, Ident, Item, Meta, ReturnType, Signature, Type, Visibility, parse_quote};

/// The files, in the order of the header.
const FILES: [&str; 13] = [
    "status",
    "version",
    "userdata",
    "log",
    "error",
    "config",
    "client",
    "secret",
    "watch",
    "credential",
    "copy",
    "request",
    "signed",
];

/// Structs that C sees as they are; the other public ones are parameters and answers, see `as_in_c`.
const VALUES: [&str; 4] = ["Status", "Stats", "Pair", "Request"];

/// What the header shows.
pub struct Exports {
    /// Items for cbindgen.
    pub items: Vec<Item>,
    /// Names of functions, in order.
    pub functions: Vec<String>,
    /// What the documentation lacks.
    pub complaints: Vec<String>,
}

/// What stands inside `export!(…)`.
struct Export {
    attributes: Vec<Attribute>,
    signature: Signature,
}

impl Parse for Export {
    fn parse(input: ParseStream<'_>) -> syn::Result<Export> {
        let export = Export { attributes: input.call(Attribute::parse_outer)?, signature: input.parse()? };
        input.parse::<Block>()?;
        Ok(export)
    }
}

/// Reads them.
pub fn read(root: &Path) -> Result<Exports> {
    let source = root.join("bindings/c/src");
    let mut exports = Exports { items: Vec::new(), functions: Vec::new(), complaints: Vec::new() };
    for name in FILES {
        let path = source.join(name).with_extension("rs");
        let file = syn::parse_file(&tree::read(&path)?).with_context(|| format!("in {}", path.display()))?;
        let handles = handles(&file.items);
        for item in file.items {
            exports.take(item, &handles).with_context(|| format!("in {}", path.display()))?;
        }
    }
    Ok(exports)
}

/// The types that a file declares to be handles.
fn handles(items: &[Item]) -> Vec<Ident> {
    let implementations = items.iter().filter_map(|item| match item {
        Item::Impl(block) if block.trait_.as_ref().is_some_and(|(_, path, _)| path.is_ident("Handle")) => {
            match &*block.self_ty {
                Type::Path(of) => of.path.get_ident().cloned(),
                _ => None,
            }
        }
        _ => None,
    });
    implementations.collect()
}

impl Exports {
    fn take(&mut self, item: Item, handles: &[Ident]) -> Result<()> {
        match item {
            Item::Macro(call) if call.mac.path.is_ident("export") => self.function(call.mac.parse_body()?)?,
            Item::Const(constant) if is_public(&constant.vis) => {
                self.document(&constant.ident.to_string(), &constant.attrs, &[]);
                self.items.push(Item::Const(constant));
            }
            Item::Struct(handle) if handles.contains(&handle.ident) => self.handle(&handle.ident, &handle.attrs),
            Item::Type(handle) if handles.contains(&handle.ident) => self.handle(&handle.ident, &handle.attrs),
            Item::Type(alias) if is_public(&alias.vis) => {
                let mut alias = alias;
                self.document(&alias.ident.to_string(), &alias.attrs, &[]);
                AsInC.visit_type_mut(&mut alias.ty);
                self.items.push(Item::Type(alias));
            }
            Item::Struct(value) if VALUES.iter().any(|name| value.ident == name) => {
                self.document(&value.ident.to_string(), &value.attrs, &[]);
                for field in value.fields.iter().filter(|field| field.ident.is_some()) {
                    self.document(&field.to_token_stream().to_string(), &field.attrs, &[]);
                }
                self.items.push(Item::Struct(value));
            }
            _ => {}
        }
        Ok(())
    }

    fn handle(&mut self, name: &Ident, attributes: &[Attribute]) {
        self.document(&name.to_string(), attributes, &["Threads:"]);
        self.items.push(parse_quote!(#(#attributes)* pub struct #name { private: u8 }));
    }

    fn function(&mut self, export: Export) -> Result<()> {
        let Export { attributes, mut signature } = export;
        let mut lines = vec!["Threads:"];
        for argument in &mut signature.inputs {
            let FnArg::Typed(argument) = argument else { bail!("{} takes self", signature.ident) };
            AsInC.visit_type_mut(&mut argument.ty);
            if matches!(&*argument.ty, Type::Ptr(_)) && !lines.contains(&"NULL:") {
                lines.push("NULL:");
            }
            let owning = argument.ty.to_token_stream().to_string().starts_with("* mut * mut");
            if owning && !lines.contains(&"Ownership:") {
                lines.push("Ownership:");
            }
        }
        if let ReturnType::Type(_, answer) = &mut signature.output {
            AsInC.visit_type_mut(answer);
        }
        let name = signature.ident.to_string();
        if !name.starts_with("kmsramcred_") {
            self.complaints.push(format!("{name} does not begin with kmsramcred_"));
        }
        self.document(&name, &attributes, &lines);
        let inputs = &signature.inputs;
        let (output, ident) = (&signature.output, &signature.ident);
        self.items.push(parse_quote! {
            #(#attributes)* #[no_mangle] pub extern "C" fn #ident(#inputs) #output { loop {} }
        });
        self.functions.push(name);
        Ok(())
    }

    /// Complains about a missing comment, one that breaks off, and one without the lines that it must have.
    fn document(&mut self, name: &str, attributes: &[Attribute], lines: &[&str]) {
        let text = documentation(attributes);
        if !text.trim_end().ends_with('.') {
            self.complaints.push(format!("{name}: the comment is missing or does not end with a full stop"));
        }
        for line in lines {
            if !text.lines().any(|written| written.trim_start().starts_with(line)) {
                self.complaints.push(format!("{name}: the comment has no line that begins with {line}"));
            }
        }
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn documentation(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Replaces the parameter and answer types of the boundary by the pointers they are to C.
struct AsInC;

impl VisitMut for AsInC {
    fn visit_type_mut(&mut self, kind: &mut Type) {
        if let Some(pointer) = as_in_c(kind) {
            *kind = pointer;
        }
        visit_type_mut(self, kind);
    }
}

fn as_in_c(kind: &Type) -> Option<Type> {
    let Type::Path(path) = kind else { return None };
    let segment = path.path.segments.last()?;
    let inner = match &segment.arguments {
        syn::PathArguments::AngleBracketed(arguments) => arguments.args.iter().find_map(|argument| match argument {
            syn::GenericArgument::Type(inner) => Some(inner.clone()),
            _ => None,
        }),
        _ => None,
    };
    let tokens = match (segment.ident.to_string().as_str(), inner) {
        ("In" | "Shown", Some(inner)) => quote!(*const #inner),
        ("Unique" | "Owned" | "Out", Some(inner)) => quote!(*mut #inner),
        ("HandleOut", Some(inner)) => quote!(*mut *mut #inner),
        ("Unchecked", Some(inner)) => return Some(as_in_c(&inner).unwrap_or(inner)),
        ("ErrorOut", None) => quote!(*mut *mut Error),
        ("LengthOut", None) => quote!(*mut usize),
        ("Text" | "TextAnswer", None) => quote!(*const c_char),
        ("Buffer", None) => quote!(*mut c_char),
        ("Cause", None) => quote!(*const Error),
        ("GenerationWord", None) => quote!(*const u64),
        _ => return None,
    };
    syn::parse2(tokens).ok()
}
