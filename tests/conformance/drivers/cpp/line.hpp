/* One line between the runner and this driver: `word key=value key=value`, values percent-encoded. */
#ifndef LINE_HPP
#define LINE_HPP

#include <kmsramcred.hpp>

#include <map>
#include <optional>
#include <sstream>
#include <string>

/* A command. */
class Line {
 public:
  explicit Line(const std::string& text) {
    std::istringstream words(text);
    words >> word_;
    for (std::string word; words >> word;) {
      std::size_t equals = word.find('=');
      if (equals != std::string::npos) fields_[word.substr(0, equals)] = decoded(word.substr(equals + 1));
    }
  }

  const std::string& word() const { return word_; }

  std::optional<std::string> text(const std::string& key) const {
    auto field = fields_.find(key);
    if (field == fields_.end()) return std::nullopt;
    return field->second;
  }

  std::string text_or_nothing(const std::string& key) const { return text(key).value_or(""); }

  std::uint64_t number(const std::string& key, std::uint64_t otherwise = 0) const {
    std::optional<std::string> value = text(key);
    return value ? std::stoull(*value) : otherwise;
  }

  std::chrono::milliseconds time(const std::string& key) const {
    return std::chrono::milliseconds(number(key, 10000));
  }

 private:
  static std::string decoded(const std::string& text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); at++) {
      if (text[at] == '%' && at + 2 < text.size()) {
        plain += static_cast<char>(std::stoi(text.substr(at + 1, 2), nullptr, 16));
        at += 2;
      } else {
        plain += text[at];
      }
    }
    return plain;
  }

  std::string word_;
  std::map<std::string, std::string> fields_;
};

/* An answer, piece by piece. */
class Reply {
 public:
  explicit Reply(const std::string& word = "ok") : line_(word) {}

  /* Every field that tells about an error. */
  explicit Reply(const kmsramcred::Error& error) : line_("error") { add(error); }

  Reply& add(const std::string& key, std::string_view value) {
    static const std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:~";
    static const char digits[] = "0123456789ABCDEF";
    line_ += ' ' + key + '=';
    for (char letter : value) {
      auto byte = static_cast<unsigned char>(letter);
      if (plain.find(letter) != plain.npos) line_ += letter;
      else (line_ += '%') += {digits[byte >> 4], digits[byte & 15]};
    }
    return *this;
  }

  Reply& add(const std::string& key, std::uint64_t value) { return add(key, std::string_view(std::to_string(value))); }

  Reply& add(const kmsramcred::Error& error) {
    const std::string prefix = "KMSRAMCRED_ERR_";
    std::string name = error.code().message();
    add("status", static_cast<std::uint64_t>(error.code().value()));
    add("name", std::string_view(name).substr(name.rfind(prefix, 0) == 0 ? prefix.size() : 0));
    if (error.get() == nullptr) return add("message", std::string_view());
    add("advice", error.advice()).add("retryable", std::string_view(error.is_retryable() ? "true" : "false"));
    if (!error.kms_code().empty()) add("code", error.kms_code());
    if (error.http_status() != 0) add("http_status", static_cast<std::uint64_t>(error.http_status()));
    return add("message", error.text());
  }

  const std::string& line() const { return line_; }

 private:
  std::string line_;
};

#endif
