using System.Globalization;
using System.Text;

namespace ConcertDapr.Sidecar.Cel;

internal enum TokenKind { End, Number, Text, Name, Symbol }

/// <param name="Value">A long, a double or a string; of a symbol or name its text.</param>
internal readonly record struct Token(TokenKind Kind, object Value, int At)
{
    public bool Is(string symbol) => Kind is TokenKind.Symbol or TokenKind.Name && (string)Value == symbol;
}

/// <summary>Splits an expression into tokens.</summary>
internal static class CelLexer
{
    private static readonly string[] Symbols =
        ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", "(", ")", "[", "]", "{", "}", ",", ".", "?", ":"];

    /// <exception cref="CelSyntaxException">A character or a text that does not end.</exception>
    public static List<Token> Read(string source)
    {
        var tokens = new List<Token>();
        for (var at = 0; at < source.Length;)
        {
            if (char.IsWhiteSpace(source[at])) at++;
            else tokens.Add(Next(source, ref at));
        }
        tokens.Add(new Token(TokenKind.End, "the end", source.Length));
        return tokens;
    }

    private static Token Next(string source, ref int at)
    {
        var start = at;
        var c = source[at];
        if (c is '"' or '\'') return new Token(TokenKind.Text, ReadText(source, ref at), start);
        if (c is 'r' or 'R' && at + 1 < source.Length && source[at + 1] is '"' or '\'')
        {
            at++;
            return new Token(TokenKind.Text, ReadText(source, ref at, raw: true), start);
        }
        if (char.IsAsciiDigit(c)) return new Token(TokenKind.Number, ReadNumber(source, ref at), start);
        if (char.IsLetter(c) || c == '_')
        {
            while (at < source.Length && (char.IsLetterOrDigit(source[at]) || source[at] == '_')) at++;
            return new Token(TokenKind.Name, source[start..at], start);
        }
        foreach (var symbol in Symbols)
            if (string.CompareOrdinal(source, at, symbol, 0, symbol.Length) == 0)
            {
                at += symbol.Length;
                return new Token(TokenKind.Symbol, symbol, start);
            }
        throw new CelSyntaxException($"character '{c}' at {start} is not understood");
    }

    private static object ReadNumber(string source, ref int at)
    {
        var start = at;
        while (at < source.Length && (char.IsAsciiDigit(source[at]) || IsPartOfDouble(source, at))) at++;
        var text = source[start..at];
        if (at < source.Length && source[at] is 'u' or 'U') at++;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var integer)) return integer;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new CelSyntaxException($"'{text}' at {start} is no number");
    }

    private static bool IsPartOfDouble(string source, int at) => source[at] switch
    {
        '.' => at + 1 < source.Length && char.IsAsciiDigit(source[at + 1]),
        'e' or 'E' => true,
        '+' or '-' => source[at - 1] is 'e' or 'E',
        _ => false,
    };

    private static string ReadText(string source, ref int at, bool raw = false)
    {
        var (start, quote) = (at, source[at++]);
        var text = new StringBuilder();
        while (at < source.Length)
        {
            var c = source[at++];
            if (c == quote) return text.ToString();
            if (c != '\\' || raw) text.Append(c);
            else if (at < source.Length) text.Append(Unescape(source[at++]));
        }
        throw new CelSyntaxException($"the text that begins at {start} does not end");
    }

    private static char Unescape(char c) => c switch
    {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        '\\' or '"' or '\'' or '`' or '?' => c,
        _ => throw new CelSyntaxException($"escape '\\{c}' is not understood"),
    };
}
