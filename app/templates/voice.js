// A button that reads a message aloud, where the phone itself has a voice for this language; recordings come before it.
(function(){
var talk=window.speechSynthesis,first=document.getElementById("listen"),voice,now;
if(!talk||!first)return;
function stop(){
talk.cancel();
if(now)now.textContent=first.textContent;
now=0;
}
function read(part,button){
var mine=now==button,said=[].slice.call(part.querySelectorAll("h1,h2,h4,p:not(.source),ul:not(.cards)>li"));
function done(){if(now==button)stop()}
stop();
if(mine)return;
now=button;
button.textContent=first.getAttribute("data-stop");
if(!part.querySelector(".still"))said.push(document.querySelector(".still"));
said.forEach(function(e,n){
var each=new SpeechSynthesisUtterance(e.textContent.replace(/\s+/g," "));
each.voice=voice;
each.lang=voice.lang;
each.onerror=done;
if(!said[n+1])each.onend=done;
talk.speak(each);
});
}
function find(){
if(!voice&&(voice=talk.getVoices().filter(function(v){return v.localService&&new RegExp(first.getAttribute("data-voices"),"i").test(v.lang.replace("_","-"))})[0]))[].forEach.call(document.querySelectorAll(".say"),function(part){
var button=first.cloneNode(true),heading=part.querySelector("h2");
button.removeAttribute("id");
button.hidden=false;
button.onclick=function(){read(part,button)};
if(!part.querySelector("audio")||navigator.onLine===false)part.insertBefore(button,heading&&heading.nextSibling);
});
}
find();
talk.onvoiceschanged=find;
addEventListener("pagehide",stop);
})();
