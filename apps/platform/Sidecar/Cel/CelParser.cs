using System.Globalization;
using System.Text.RegularExpressions;

namespace ConcertDapr.Sidecar.Cel;

/// <summary>Precedence climbing over the tokens; each rule gives a closure.</summary>
internal sealed class CelParser(List<Token> tokens)
{
    private static readonly string[][] Levels = [["||"], ["&&"], ["==", "!=", "<", "<=", ">", ">=", "in"], ["+", "-"], ["*", "/", "%"]];
    private static readonly TimeSpan PatternTimeout = TimeSpan.FromMilliseconds(250);

    private int at;

    private Token Current => tokens[at];

    public Func<CelScope, object?> Parse()
    {
        var result = Conditional();
        return Current.Kind == TokenKind.End ? result : throw Unexpected();
    }

    private Func<CelScope, object?> Conditional()
    {
        var condition = Binary(0);
        if (!Accept("?")) return condition;
        var yes = Conditional();
        Expect(":");
        var no = Conditional();
        return scope => CelValues.Truth(condition(scope)) ? yes(scope) : no(scope);
    }

    private Func<CelScope, object?> Binary(int level)
    {
        if (level == Levels.Length) return Unary();
        var left = Binary(level + 1);
        while (Array.Find(Levels[level], Current.Is) is { } symbol)
        {
            at++;
            left = Combine(symbol, left, Binary(level + 1));
        }
        return left;
    }

    private static Func<CelScope, object?> Combine(string symbol, Func<CelScope, object?> left, Func<CelScope, object?> right) => symbol switch
    {
        "&&" => scope => Both(left, right, scope, decisive: false),
        "||" => scope => Both(left, right, scope, decisive: true),
        "==" => scope => CelValues.Equals(left(scope), right(scope)),
        "!=" => scope => !CelValues.Equals(left(scope), right(scope)),
        "<" => scope => CelValues.Compare(left(scope), right(scope)) < 0,
        "<=" => scope => CelValues.Compare(left(scope), right(scope)) <= 0,
        ">" => scope => CelValues.Compare(left(scope), right(scope)) > 0,
        ">=" => scope => CelValues.Compare(left(scope), right(scope)) >= 0,
        "in" => scope => CelValues.In(left(scope), right(scope)),
        _ => scope => CelValues.Arithmetic(symbol, left(scope), right(scope)),
    };

    /// <summary>Either side may decide, even when the other one cannot be evaluated.</summary>
    private static bool Both(Func<CelScope, object?> left, Func<CelScope, object?> right, CelScope scope, bool decisive)
    {
        bool first;
        try
        {
            first = CelValues.Truth(left(scope));
        }
        catch (CelEvaluationException) when (CelValues.Truth(right(scope)) == decisive)
        {
            return decisive;
        }
        return first == decisive ? decisive : CelValues.Truth(right(scope));
    }

    private Func<CelScope, object?> Unary()
    {
        if (Accept("!"))
        {
            var operand = Unary();
            return scope => !CelValues.Truth(operand(scope));
        }
        if (Accept("-"))
        {
            var operand = Unary();
            return scope => CelValues.Arithmetic("-", 0L, operand(scope));
        }
        return Postfix(Primary());
    }

    private Func<CelScope, object?> Postfix(Func<CelScope, object?> target)
    {
        while (true)
        {
            if (Accept("["))
            {
                var (list, index) = (target, Conditional());
                Expect("]");
                target = scope => CelValues.Index(list(scope), index(scope));
            }
            else if (Accept("."))
            {
                target = MemberOrCall(target, Name());
            }
            else return target;
        }
    }

    private Func<CelScope, object?> MemberOrCall(Func<CelScope, object?> target, string name)
    {
        if (!Accept("(")) return scope => CelValues.Member(target(scope), name);
        var arguments = Arguments(")");
        if (name == "size" && arguments.Count == 0) return scope => CelValues.Size(target(scope));
        if (arguments.Count != 1) throw new CelSyntaxException($"undeclared reference to function {name}");
        var argument = arguments[0];
        Func<string, string, bool> function = name switch
        {
            "startsWith" => (text, part) => text.StartsWith(part, StringComparison.Ordinal),
            "endsWith" => (text, part) => text.EndsWith(part, StringComparison.Ordinal),
            "contains" => (text, part) => text.Contains(part, StringComparison.Ordinal),
            "matches" => (text, pattern) => Regex.IsMatch(text, pattern, RegexOptions.CultureInvariant, PatternTimeout),
            _ => throw new CelSyntaxException($"undeclared reference to function {name}"),
        };
        return scope => (target(scope), argument(scope)) is (string text, string part)
            ? function(text, part)
            : throw new CelEvaluationException($"no such overload: {name} needs text");
    }

    private Func<CelScope, object?> Primary()
    {
        var token = Current;
        at++;
        switch (token.Kind)
        {
            case TokenKind.Number or TokenKind.Text:
                return _ => token.Value;
            case TokenKind.Name:
                return Identifier((string)token.Value);
            case TokenKind.Symbol when token.Is("("):
                var inner = Conditional();
                Expect(")");
                return inner;
            case TokenKind.Symbol when token.Is("["):
                var items = Arguments("]");
                return scope => items.ConvertAll(item => item(scope));
            default:
                at--;
                throw Unexpected();
        }
    }

    private Func<CelScope, object?> Identifier(string name)
    {
        if (name == "has" && Accept("(")) return Has();
        if (Accept("(")) return Function(name, Arguments(")"));
        return name switch
        {
            "true" => _ => true,
            "false" => _ => false,
            "null" => _ => null,
            _ => scope => scope(name),
        };
    }

    /// <summary><c>has(a.b.c)</c>: whether the last member is there; a missing one on the way is an error.</summary>
    private Func<CelScope, object?> Has()
    {
        var target = Primary();
        string? last = null;
        while (Accept("."))
        {
            if (last is { } member) target = MemberOrCall(target, member);
            last = Name();
        }
        Expect(")");
        var (parent, name) = (target, last ?? throw new CelSyntaxException("invalid argument to has() macro"));
        return scope => CelValues.Has(parent(scope), name);
    }

    private static Func<CelScope, object?> Function(string name, List<Func<CelScope, object?>> arguments)
    {
        if (arguments.Count != 1) throw new CelSyntaxException($"undeclared reference to function {name}");
        var argument = arguments[0];
        return name switch
        {
            "size" => scope => CelValues.Size(argument(scope)),
            "double" => scope => argument(scope) is string text ? double.Parse(text, CultureInfo.InvariantCulture) : CelValues.Number(argument(scope)),
            "int" or "uint" => scope => argument(scope) is string text ? long.Parse(text, CultureInfo.InvariantCulture) : (long)CelValues.Number(argument(scope)),
            "string" => scope => Convert.ToString(argument(scope), CultureInfo.InvariantCulture),
            _ => throw new CelSyntaxException($"undeclared reference to function {name}"),
        };
    }

    private List<Func<CelScope, object?>> Arguments(string end)
    {
        var arguments = new List<Func<CelScope, object?>>();
        if (Accept(end)) return arguments;
        do arguments.Add(Conditional());
        while (Accept(","));
        Expect(end);
        return arguments;
    }

    private string Name() => tokens[at].Kind == TokenKind.Name ? (string)tokens[at++].Value : throw Unexpected();

    private bool Accept(string symbol)
    {
        if (!Current.Is(symbol)) return false;
        at++;
        return true;
    }

    private void Expect(string symbol)
    {
        if (!Accept(symbol)) throw new CelSyntaxException($"expected '{symbol}' at {Current.At}, found '{Current.Value}'");
    }

    private CelSyntaxException Unexpected() => new($"'{Current.Value}' at {Current.At} was not expected");
}
