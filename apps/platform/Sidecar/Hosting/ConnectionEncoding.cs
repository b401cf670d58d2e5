using System.Text;

namespace ConcertDapr.Sidecar;

/// <summary>
/// Reads a request's Connection header without the word keep-alive where other words stand beside it. Kestrel reduces a header
/// with that word to it, and nobody would know any more which headers end at this hop. HTTP/1.1 needs the word for nothing.
/// </summary>
internal sealed class ConnectionEncoding : Encoding
{
    private static readonly ConnectionEncoding Instance = new();

    /// <summary>The encoding of a header's value, for Kestrel's RequestHeaderEncodingSelector.</summary>
    public static Encoding Of(string header) => header == "Connection" ? Instance : Latin1;

    public override int GetCharCount(byte[] bytes, int index, int count) => Read(bytes, index, count).Length;

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex)
    {
        var text = Read(bytes, byteIndex, byteCount);
        text.CopyTo(chars.AsSpan(charIndex));
        return text.Length;
    }

    public override int GetMaxCharCount(int byteCount) => byteCount;

    public override int GetByteCount(char[] chars, int index, int count) => count;

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
        Latin1.GetBytes(chars, charIndex, charCount, bytes, byteIndex);

    public override int GetMaxByteCount(int charCount) => charCount;

    private static string Read(byte[] bytes, int index, int count)
    {
        var text = Latin1.GetString(bytes, index, count);
        return text.Contains(',', StringComparison.Ordinal) && Others(text) is { Length: > 0 } others ? others : text;
    }

    private static string Others(string text) => string.Join(", ", text.Split(',', StringSplitOptions.TrimEntries)
        .Where(word => !word.Equals("keep-alive", StringComparison.OrdinalIgnoreCase)));
}
