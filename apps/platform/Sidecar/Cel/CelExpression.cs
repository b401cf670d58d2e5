using System.Collections;

namespace ConcertDapr.Sidecar.Cel;

/// <summary>The variables of an expression; values are as in <see cref="CelValues"/>.</summary>
internal delegate object? CelScope(string name);

/// <summary>
/// The part of the Common Expression Language that routing rules and circuit breakers use: literals, lists, member and
/// index access, arithmetic, comparison, <c>&amp;&amp; || ! ?: in</c>, <c>has()</c>, <c>size()</c>, conversions, and the text functions
/// <c>startsWith endsWith contains matches</c>. A missing member is an error, not a false.
/// </summary>
internal sealed class CelExpression
{
    private readonly Func<CelScope, object?> evaluate;

    private CelExpression(string source, Func<CelScope, object?> evaluate)
    {
        Source = source;
        this.evaluate = evaluate;
    }

    public string Source { get; }

    /// <exception cref="CelSyntaxException">The expression is malformed.</exception>
    public static CelExpression Parse(string source) => new(source, new CelParser(CelLexer.Read(source)).Parse());

    /// <exception cref="CelEvaluationException">A member is missing, or the result is no truth value.</exception>
    public bool IsTrue(CelScope scope) => evaluate(scope) is bool result
        ? result
        : throw new CelEvaluationException($"the result of '{Source}' is not true or false");
}

/// <summary>Operations on the values null, bool, long, double, string, list and string map.</summary>
internal static class CelValues
{
    public static new bool Equals(object? left, object? right) => (left, right) switch
    {
        (null, null) => true,
        (null, _) or (_, null) => false,
        (long or double, long or double) => Compare(left, right) == 0,
        (IReadOnlyList<object?> a, IReadOnlyList<object?> b) => a.Count == b.Count && a.Zip(b).All(pair => Equals(pair.First, pair.Second)),
        _ => left.Equals(right),
    };

    public static int Compare(object? left, object? right) => (left, right) switch
    {
        (long a, long b) => a.CompareTo(b),
        (long or double, long or double) => Number(left).CompareTo(Number(right)),
        (string a, string b) => string.CompareOrdinal(a, b),
        (bool a, bool b) => a.CompareTo(b),
        _ => throw new CelEvaluationException($"no such overload: {Name(left)} and {Name(right)} cannot be compared"),
    };

    public static object Arithmetic(string symbol, object? left, object? right) => (symbol, left, right) switch
    {
        ("+", string a, string b) => a + b,
        ("/" or "%", long, 0L) => throw new CelEvaluationException("division by zero"),
        ("+", long a, long b) => a + b,
        ("-", long a, long b) => a - b,
        ("*", long a, long b) => a * b,
        ("/", long a, long b) => a / b,
        ("%", long a, long b) => a % b,
        (not "%", long or double, long or double) => Arithmetic(symbol, Number(left), Number(right)),
        _ => throw new CelEvaluationException($"no such overload: {Name(left)} {symbol} {Name(right)}"),
    };

    public static object? Member(object? target, string name) => target is IReadOnlyDictionary<string, object?> map
        ? map.TryGetValue(name, out var value) ? value : throw new CelEvaluationException($"no such key: {name}")
        : throw new CelEvaluationException($"no such member: {name} of {Name(target)}");

    public static bool Has(object? target, string name) => target is IReadOnlyDictionary<string, object?> map && map.ContainsKey(name);

    public static object? Index(object? target, object? index) => (target, index) switch
    {
        (IReadOnlyList<object?> list, long at) when at >= 0 && at < list.Count => list[(int)at],
        (IReadOnlyDictionary<string, object?>, string name) => Member(target, name),
        _ => throw new CelEvaluationException($"no such index of {Name(target)}"),
    };

    public static bool In(object? item, object? target) => target switch
    {
        IReadOnlyList<object?> list => list.Any(other => Equals(item, other)),
        IReadOnlyDictionary<string, object?> => item is string name && Has(target, name),
        _ => throw new CelEvaluationException($"{Name(target)} holds nothing"),
    };

    public static long Size(object? value) => value switch
    {
        string text => text.EnumerateRunes().Count(),
        ICollection collection => collection.Count,
        IReadOnlyList<object?> list => list.Count,
        IReadOnlyDictionary<string, object?> map => map.Count,
        _ => throw new CelEvaluationException($"{Name(value)} has no size"),
    };

    public static double Number(object? value) => value switch
    {
        long integer => integer,
        double number => number,
        _ => throw new CelEvaluationException($"{Name(value)} is no number"),
    };

    public static bool Truth(object? value) =>
        value is bool truth ? truth : throw new CelEvaluationException($"no such overload: {Name(value)} is not true or false");

    private static double Arithmetic(string symbol, double a, double b) => symbol switch
    {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        _ => a / b,
    };

    private static string Name(object? value) => value switch
    {
        null => "null",
        bool => "bool",
        long => "int",
        double => "double",
        string => "string",
        IReadOnlyDictionary<string, object?> => "map",
        _ => "list",
    };
}
